# SPDX-License-Identifier: GPL-2.0-only
"""`lvslab sweep SWEEP.yaml`: the command line and its exit codes."""
import argparse
import logging
import os
import sys

from . import options, sweep_file, values
from .findings import BadInput
from .result import run_sweep

HELD, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """Tells a wrong command line in a line."""

    def error(self, message):
        self.exit(BAD_INPUT, f"{self.prog}: {message} (--help tells what there is)\n")


def parser():
    p = _Parser(
        prog="lvslab sweep", allow_abbrev=False,
        description="Run a scenario at many points of its parameters, with many seeds each")
    p.add_argument("file", metavar="SWEEP", type=_path, help="sweep file (YAML)")
    p.add_argument("--output", metavar="DIR", type=_path,
                   help="folder of the result (default: results/NAME); what is finished there is "
                        "not run again")
    p.add_argument("--scheduler", metavar="tcp://HOST:8786", type=_scheduler,
                   help="a dask scheduler that runs already (default: this machine's processors)")
    p.add_argument("--workers", metavar="N", type=_positive,
                   help="runs at a time on this machine (default: one a processor)")
    p.add_argument("--wait-for-workers", metavar="TIME", type=_time,
                   help="how long to wait while that scheduler has no workers, as in 60s, 10min "
                        "(default: for ever)")
    p.add_argument("--lvslab", metavar="PROGRAM", help="the lvslab to run (default: $LVSLAB, or "
                                                       "that of PATH)")
    p.add_argument("--check", action="store_true", help="read and check everything, run nothing")
    p.add_argument("--no-page", action="store_true", help="tables alone: no pictures, no page")
    p.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return p


def _path(text):
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return text


def _time(text):
    units = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
    number, unit = values.split_quantity(text) or (0, "")
    if number > 0 and unit in units:
        return number * units[unit]
    raise argparse.ArgumentTypeError(f'"{text}" is no time to wait, expected one as 60s or 10min')


def _scheduler(text):
    if options.is_address(text):
        return text
    raise argparse.ArgumentTypeError(f'"{text}" is no address of a dask scheduler, '
                                     f"{options.ADDRESS}")


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number from 1')
    return int(text)


def main(arguments=None):
    p = parser()
    a = p.parse_args(arguments)  # a wrong command line exits with 2
    if a.wait_for_workers and not a.scheduler:
        p.error("argument --wait-for-workers: is for a --scheduler")
    if a.workers and a.scheduler:
        p.error("argument --workers: is for this machine, not for a --scheduler")
    _tell_warnings()
    try:
        result = run_sweep(a.file, output=a.output, scheduler=a.scheduler, workers=a.workers,
                           wait_for_workers=a.wait_for_workers, lvslab=a.lvslab,
                           check_only=a.check, page=not a.no_page,
                           progress=None if a.quiet else _progress())
    except BadInput as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OSError, ImportError) as error:
        told = f"{error.filename}: {error.strerror}" if getattr(error, "filename", None) else error
        print(f"lvslab sweep: {told}", file=sys.stderr)
        return BAD_INPUT
    if result is None:
        if not a.quiet:
            print(f"{a.file}: {len(sweep_file.read(a.file).points)} points, fit to run")
        return HELD
    return _tell(result, a.quiet)


def _tell_warnings():
    log = logging.getLogger("lvslab.sweeps")
    log.propagate = False
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("lvslab sweep: %(message)s"))
    log.addHandler(handler)


def _tell(result, quiet):
    for point, reason in result.failed.items():
        print(f"lvslab sweep: point {point} ({result.describe(point)}): {reason}", file=sys.stderr)
    if result.interrupted or result.stopped:
        print(f"lvslab sweep: {result.stopped or 'stopped'}; {result.runs} runs are kept in "
              f"{result.folder}, the same command goes on from there", file=sys.stderr)
        return INTERRUPTED if result.interrupted else FAILED
    if not quiet:
        print(f"{len(result.points_run)} points, {result.runs} runs, {result.taken} of them "
              f"finished before")
        shown = "index.html" if os.path.exists(os.path.join(result.folder, "index.html")) \
            else "points.csv"
        print(f"See {os.path.join(result.folder, shown)}")
    return FAILED if result.failed else HELD


def _progress():
    """Tells on a terminal how far the sweep is."""
    if not sys.stderr.isatty():
        return None

    def tell(run):
        done, wanted = run.finished_runs(), run.expected_runs()
        end = "\n" if done == wanted else ""
        print(f"\r{done} of {wanted} runs", end=end, file=sys.stderr, flush=True)
    return tell
