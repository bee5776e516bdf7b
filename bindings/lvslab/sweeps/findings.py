# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with an input, with its place; all of it is told at once."""
from dataclasses import dataclass


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
