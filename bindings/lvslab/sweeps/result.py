# SPDX-License-Identifier: GPL-2.0-only
"""Sweeps for Python: `lvslab.sweep("sweep.yaml")` gives a SweepResult."""
import os

from . import options, program, running, store, sweep_file, tables
from .findings import Findings


class SweepResult:
    """What came of a sweep.

    folder: where its files are. failed: number of a point -> why it has no result. runs: finished
    runs; taken: how many of them were there before. interrupted: stopped by Ctrl-C. stopped: why it
    ended too early if not by that ("": it did not): the workers or their scheduler have left.
    points, summary, differences: pandas frames with the columns of the CSV files.
    """

    def __init__(self, run, folder):
        self._run = run
        self.folder = folder
        self.points_run = run.points
        self.failed = {p.index: p.failed for p in run.points if p.failed}
        self.runs = run.finished_runs()
        self.taken = run.taken
        self.interrupted = run.interrupted
        self.stopped = run.stopped

    def describe(self, point):
        """The point's parameters: "servers.web2.speed = 0.5"."""
        return ", ".join(f"{path} = {text}" for path, text in self._run.sweep.values_of(point))

    def _frame(self, table):
        import pandas
        head, rows = table
        frame = pandas.DataFrame(rows, columns=head)
        # A range is numbers, and should be numbers in Python too; 10ms stays a text.
        for p in self._run.sweep.parameters:
            frame[p.path] = pandas.to_numeric(frame[p.path], errors="ignore")
        return frame

    @property
    def points(self):
        """One row a run: point, parameters, seed, quantities (s, B, shares), held, fingerprint."""
        return self._frame(tables.points_table(self._run))

    @property
    def summary(self):
        """One row a point: mean, half-width and n of each quantity."""
        return self._frame(tables.summary_table(self._run))

    @property
    def differences(self):
        """One row a point: paired differences from the baseline point."""
        return self._frame(tables.difference_table(self._run))


def run_sweep(sweep, *, output=None, scheduler=None, workers=None, wait_for_workers=None,
              lvslab=None, check_only=False, page=True, progress=None):
    """Runs a sweep and writes its folder.

    Args:
        sweep: path of a SWEEP.yaml, a mapping with the same keys, or a Sweep.
        output: folder of the result; results/NAME. What is finished there is not run again.
        scheduler: address of a dask scheduler; None: this machine.
        workers: runs at a time on this machine; None: one a processor.
        wait_for_workers: seconds (or timedelta) to wait while the scheduler has no workers; None:
            for ever. The logger "lvslab.sweeps" says once that it waits.
        lvslab: the program; None: $LVSLAB or that of PATH.
        check_only: check everything and run nothing (gives None).
        page: draw the pictures and write index.html.
        progress: called after every run with one that has finished_runs() and expected_runs();
            what it raises ends the sweep.

    Raises:
        BadInput: with all that is wrong, before anything is written or run.
        OSError: the program or the scheduler is not there, before anything is written or run.
        TimeoutError: no worker came in time, before anything is written or run.
    """
    sweep, findings = _examined(sweep)
    options.check(findings, scheduler, workers, wait_for_workers)
    if sweep is None:
        findings.raise_if_any()
    try:
        lvslab = program.find(lvslab)
        identity = program.identity(lvslab)
    except OSError:
        findings.raise_if_any()
        raise
    folder = output or os.path.join("results", sweep.name or "")
    _check_folder(folder, findings)
    program.check_sweep(lvslab, sweep, findings)
    findings.raise_if_any()
    if check_only:
        return None
    from .workers import Workers  # where dask is missing, nothing has been written yet
    import distributed  # noqa: F401
    run = running.Run(sweep, folder, lvslab, identity)
    run.go(lambda: Workers(scheduler, workers, options.seconds(wait_for_workers)), progress)
    tables.write(run, folder)
    if page and not run.interrupted and not run.stopped:
        from . import page as html
        html.write(run, folder)
    return SweepResult(run, folder)


def _examined(sweep):
    """(Sweep or None, Findings): what is wrong with its values is still to be found."""
    if isinstance(sweep, sweep_file.Sweep):
        return sweep, Findings(sweep.file)
    if not isinstance(sweep, (dict, str, os.PathLike)):
        raise TypeError(f"{sweep!r} is no sweep: the path of a file or a mapping is wanted")
    if isinstance(sweep, dict):
        import yaml
        try:
            text = yaml.safe_dump(_plain(sweep), sort_keys=False, allow_unicode=True)
        except yaml.YAMLError as error:
            raise TypeError(f"sweep: {error}") from None
        return sweep_file.examine_text(text, "sweep", "")
    return sweep_file.examine(sweep)


def _plain(value):
    """Tuples, ranges and numpy's numbers and arrays as YAML has them."""
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, range, set, frozenset)):
        value = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [_plain(v) for v in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _check_folder(folder, findings):
    if os.path.isdir(folder):
        if os.listdir(folder) and not os.path.exists(os.path.join(folder, store.MARK)):
            findings.at(None, f"{folder} holds other files; name another folder by --output")
    elif os.path.lexists(folder):
        findings.at(None, f"{folder} is no folder")
