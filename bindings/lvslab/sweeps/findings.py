# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with an input, with its place; all of it is told at once."""
import difflib
from dataclasses import dataclass

# What other programs call a sweep's parts.
_ELSEWHERE = {"grid": "parameters", "values": "parameters", "axes": "parameters",
              "vary": "parameters", "metrics": "measure", "quantities": "measure",
              "outputs": "measure", "replications": "seeds", "repetitions": "seeds",
              "repeat": "seeds", "runs": "seeds", "name": "sweep", "title": "sweep",
              "description": "about", "sampling": "sample", "reference": "baseline"}


def hint(word, known):
    """What to write in the place of an unknown word: the nearest known one, or all there are."""
    known = list(known)
    other = difflib.get_close_matches(word, _ELSEWHERE, 1, 0.8)
    near = [_ELSEWHERE[o] for o in other if _ELSEWHERE[o] in known] \
        or difflib.get_close_matches(word, known, 1)
    return f'did you mean "{near[0]}"?' if near else "known here: " + ", ".join(known)


@dataclass(frozen=True)
class Finding:
    """One mistake. `line` and `column` count from 1; 0 = the file as a whole."""
    file: str
    line: int
    column: int
    text: str

    def __str__(self):
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column}"
        return f"{place}: {self.text}"


class BadInput(Exception):
    """A sweep that cannot run: `findings`, in the order of their places. Nothing was written."""

    def __init__(self, findings):
        self.findings = sorted(findings, key=lambda f: (f.file, f.line, f.column))
        super().__init__("\n".join(str(f) for f in self.findings))


class Findings:
    """Collects the mistakes of one file."""

    def __init__(self, file):
        self.file = file
        self.items = []

    def at(self, mark, text):
        """Adds a mistake at a mark of PyYAML (or at None: the file as a whole)."""
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        self.items.append(Finding(self.file, line, column, text))

    def raise_if_any(self):
        if self.items:
            raise BadInput(self.items)
