# SPDX-License-Identifier: GPL-2.0-only
"""Where a sweep runs, as callers say it: what is wrong with that, and with all of it at once."""
import numbers
import urllib.parse

from .findings import Finding

ADDRESS = "expected tcp://HOST:PORT, or tls://HOST:PORT"


def is_address(text):
    """Whether it can be that of a dask scheduler."""
    try:
        parts = urllib.parse.urlsplit(text if "://" in text else f"tcp://{text}")
        return bool(parts.scheme in ("tcp", "tls") and parts.hostname and parts.port)
    except ValueError:  # a port that is none
        return False


def seconds(time):
    """Of a number or a timedelta; None for what is neither, or not above zero."""
    number = time.total_seconds() if hasattr(time, "total_seconds") else time
    if not isinstance(number, numbers.Real) or isinstance(number, bool) or not number > 0:
        return None
    return float(number)


def check(findings, scheduler, workers, wait_for_workers):
    """Adds what is wrong with lvslab.sweep's options to the findings."""
    def wrong(option, text):
        findings.items.append(Finding(option, 0, 0, text))
    if scheduler is not None and not (isinstance(scheduler, str) and is_address(scheduler)):
        hint = " (the cluster's scheduler_address is one)" if hasattr(
            scheduler, "scheduler_address") else ""
        wrong("scheduler", f"{scheduler!r} is no address of a dask scheduler, {ADDRESS}{hint}")
    if workers is not None:
        whole = isinstance(workers, numbers.Integral) and not isinstance(workers, bool)
        if not whole or workers < 1:
            wrong("workers", f"{workers!r} is no whole number from 1")
        elif scheduler is not None:
            wrong("workers", "is for this machine, not for a scheduler")
    if wait_for_workers is not None:
        if seconds(wait_for_workers) is None:
            wrong("wait_for_workers", f"{wait_for_workers!r} is no time to wait, expected seconds "
                                      "above 0 or a timedelta")
        elif scheduler is None:
            wrong("wait_for_workers", "is for a scheduler")
