# SPDX-License-Identifier: GPL-2.0-only
"""The lvslab program of this machine: which it is, and what it says of scenarios."""
import hashlib
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

from . import cluster_files
from .lvslab_sweep_point import write_files


def find(wanted=None):
    """Its path: the one that is wanted and no other, else $LVSLAB, or that of PATH.
    FileNotFoundError without one."""
    candidates = (wanted,) if wanted else (os.environ.get("LVSLAB"), "lvslab")
    for candidate in candidates:
        path = shutil.which(candidate) if candidate else None
        if path:
            return os.path.abspath(path)
    raise FileNotFoundError(f"{wanted or 'lvslab'}: no such program; name it by --lvslab or $LVSLAB")


def identity(lvslab):
    """Its version and a hash of its bytes: another build may give other results."""
    said = subprocess.run([lvslab, "--version"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", check=False)
    version = said.stdout.strip()
    if said.returncode != 0 or not version.startswith("lvslab "):
        raise OSError(f"{lvslab}: is no lvslab: it does not tell its version")
    with open(lvslab, "rb") as file:
        return f"{version} {hashlib.sha256(file.read()).hexdigest()[:16]}"


def can_check(lvslab):
    """Whether this lvslab can check a scenario without a run."""
    said = subprocess.run([lvslab, "run", "--help"], capture_output=True, text=True, check=False)
    return "--check" in said.stdout


def check(lvslab, scenario, files, world):
    """What lvslab has against the scenario; empty if it would run."""
    with tempfile.TemporaryDirectory(prefix="lvslab-check-") as folder:
        write_files(folder, files)
        done = subprocess.run([lvslab, "run", "--check", "--world", world,
                               os.path.join(folder, scenario)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", check=False)
        if done.returncode == 0:
            return ""
        said = (done.stderr or done.stdout).replace(folder + os.sep, "").strip()
        return said or f"lvslab run --check ended with {done.returncode}"


def check_sweep(lvslab, sweep, findings):
    """Adds what is wrong with values of the sweep, at their places. Every value of a list or range
    is met by a point that is checked; of what is drawn, the smallest and the largest. With an lvslab
    that cannot check, what is wrong is told with each point."""
    if not can_check(lvslab):
        return

    def said_of(values):
        return check(lvslab, *cluster_files.with_values(sweep.files, values), sweep.world)

    points = [sweep.values_of(i) for i in _telling_points(sweep)]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        complaints = list(pool.map(said_of, points))
    own = said_of([]) if any(complaints) else ""
    everywhere = _common_lines([own, *complaints])
    if everywhere:
        findings.at(sweep.marks.get("scenario"), "the scenario is refused: "
                    + "\n".join(everywhere))
    told = set()
    for point, complaint in zip(points, complaints):
        complaint = _without(complaint, everywhere)
        if not complaint:
            continue
        alone = [(pair, said) for pair in point
                 for said in [_without(said_of([pair]), own.splitlines())] if said]
        for (path, value), said in alone or [(point[0] if point else ("", ""), complaint)]:
            if (path, value) in told:
                continue
            told.add((path, value))
            mark = sweep.marks.get((path, value)) or next(
                (p.mark for p in sweep.parameters if p.path == path), None)
            which = f"{path} = {value}" if alone else ", ".join(f"{p} = {v}" for p, v in point)
            findings.at(mark, f"with {which} the scenario is refused: {said}")


def _common_lines(texts):
    """Lines of the first that all have; a value that was put in may have moved their places."""
    messages = [{_message(line) for line in text.splitlines()} for text in texts]
    return [line for line in texts[0].splitlines() if all(_message(line) in m for m in messages)]


def _without(text, lines):
    messages = {_message(line) for line in lines}
    return "\n".join(line for line in text.splitlines() if _message(line) not in messages)


def _message(line):
    return line.partition(": ")[2]


def _telling_points(sweep):
    wanted = set()
    for i, parameter in enumerate(sweep.parameters):
        texts = [point[i] for point in sweep.points]
        if parameter.drawn is not None:
            ordered = sorted(set(texts), key=_number)
            texts = [ordered[0], ordered[-1]]
        wanted.update((i, text) for text in texts)
    chosen = []
    for index, point in enumerate(sweep.points):
        new = wanted.intersection(enumerate(point))
        if new or not chosen:
            wanted -= new
            chosen.append(index)
    return chosen


def _number(text):
    from .values import NUMBER
    found = NUMBER.search(text)
    return float(found.group()) if found else 0.0
