# SPDX-License-Identifier: GPL-2.0-only
"""Running scenarios: the flow world here, the others each in a process of its own."""

import json
import operator
import os
import shutil
import signal
import subprocess
import tempfile
import warnings
from pathlib import Path

from . import _lvslab
from .errors import RunError
from .files import InputWarning, load_scenario
from .result import Result
from .schedulers import registered

#: What a run may be made in.
WORLDS = ("packet", "flow", "kernel")


def run(
    scenario,
    world="packet",
    *,
    seed=None,
    scheduler=None,
    progress=None,
    rows=True,
):
    """Runs a scenario once.

    Several runs may go on at once, each from a thread of its own. The flow world runs in this
    process, without the GIL. A run in another world is a process, the program ``lvslab`` (looked
    for in ``$LVSLAB``, beside the package, and in ``$PATH``), whose journal is read back. Results
    look the same whichever world made them. Ctrl-C ends the run and leaves nothing behind; Python
    tells the first thread alone of it, so runs in other threads end by what their progress raises.

    Args:
        scenario: a Scenario, or what load_scenario takes.
        world: "packet", "flow" or "kernel", as in ``lvslab run --world``.
        seed: int, instead of the scenario's. The same seed gives the same result.
        scheduler: of every virtual service, instead of the lvs.cf's: str; in the simulated worlds
            also a SchedulerPlugin; in the flow world also a subclass of Scheduler, which has the
            GIL while it decides. What it raises ends the run and is raised by run().
        progress: called as ``progress(now, end)``, both in simulated seconds, up to a hundred
            times. What it raises ends the run and is raised by run().
        rows: False keeps no row of single connections and responses, so that memory does not grow
            with their number; everything else is there all the same.

    Returns:
        Result.

    Raises:
        InputError: the scenario has errors.
        RunError: the run could not be made, in the program's words.
    """
    if not isinstance(scenario, _lvslab.Scenario):
        scenario = load_scenario(scenario)
    if world not in WORLDS:
        raise ValueError(f'"{world}" is no world ({", ".join(WORLDS)})')
    seed = _seed(scenario.seed if seed is None else seed)
    known = registered([] if scheduler is None or isinstance(scheduler, str) else [scheduler])
    name = known[0].name if known else scheduler
    if not known and name is not None and name not in _lvslab.schedulers():
        raise ValueError(f'"{name}" is no scheduler ({", ".join(_lvslab.schedulers())})')
    if world == "flow":
        return _run_here(scenario, seed, name, progress, rows)
    plugin = getattr(scheduler, "path", None)
    if known and plugin is None:
        raise ValueError(f"{name}: a scheduler written in Python decides in the flow world only")
    with tempfile.TemporaryDirectory(prefix="lvslab-") as temporary:
        folder, output = Path(temporary) / "scenario", Path(temporary) / "result"
        _write(scenario, folder)
        command = [program(), "run", "scenario.yaml", "--world", world, "--seed", str(seed)]
        command += ["--scheduler-plugin", plugin] if plugin else []
        command += ["--output", str(output), "--journal", "decisions", "--quiet"]
        command += ["--scheduler", name] if name else []
        _wait_for(command, folder, progress)
        return Result(
            scenario=scenario,
            world=world,
            seed=seed,
            scheduler=name,
            record=_lvslab.read_journal(str(output / "journal.lvsj"), rows),
            summary=json.loads((output / "summary.json").read_text()),
            judgement=json.loads((output / "expectations.json").read_text()),
        )


def _seed(given):
    try:
        seed = -1 if isinstance(given, bool) else operator.index(given)  # numpy's are some too
    except TypeError:
        seed = -1
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed {given}: a whole number from 0 to 2^64 - 1 is wanted")
    return seed


def _run_here(scenario, seed, scheduler, progress, rows):
    """A run in the flow world, in this process."""
    found = _lvslab.unsupported_in_flow(scenario)
    if any(finding.severity == "error" for finding in found):
        raise RunError("\n".join(map(str, found)))
    for finding in found:
        if finding.severity == "warning":
            warnings.warn(str(finding), InputWarning, stacklevel=3)
    record, summary, judgement = _lvslab.run_flow(scenario, seed, scheduler, rows, progress)
    return Result(
        scenario=scenario,
        world="flow",
        seed=seed,
        scheduler=scheduler,
        record=record,
        summary=json.loads(summary),
        judgement=json.loads(judgement),
    )


def program():
    """The path of the program lvslab. Raises RunError if it is not found."""
    beside = Path(__file__).resolve().parent
    built = Path(_lvslab.__file__).resolve().parents[2] / "bin" / "lvslab"
    for candidate in (os.environ.get("LVSLAB"), built, beside / "lvslab"):
        if candidate and Path(candidate).is_file() and os.access(candidate, os.X_OK):
            return str(Path(candidate).resolve())
    found = shutil.which("lvslab")
    if found is None:
        raise RunError("the program lvslab is not found: put it into $PATH or its path into $LVSLAB")
    return found


def _write(scenario, folder):
    """The scenario and the files that it names, nowhere but below the folder."""
    folder.mkdir()
    (folder / "scenario.yaml").write_bytes(scenario.text)
    for path, text in scenario.named_files.items():
        target = (folder / path).resolve()
        if folder.resolve() not in target.parents or target.name == "scenario.yaml":
            raise RunError(f"{path}: only files below the scenario's folder can be handed on")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)


def _wait_for(command, folder, progress):
    """Runs it to its end; whatever interrupts that ends the program as Ctrl-C would."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as complaints, os.fdopen(reading) as lines:
        try:
            process = subprocess.Popen(
                [*command, "--progress-fd", str(writing)],
                cwd=folder,
                pass_fds=[writing],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
        finally:
            os.close(writing)
        try:
            for line in lines:
                if progress is not None:
                    _, now, end = line.split()
                    progress(float(now), float(end))
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        complaints.seek(0)
        told = complaints.read().decode(errors="replace").strip()
        if code not in (0, 1):  # 1: an expectation failed, which the result tells
            raise RunError(told or f"lvslab run ended with exit code {code}")
        for line in told.splitlines():
            if ": warning: " in line:
                warnings.warn(line, InputWarning, stacklevel=3)
