# SPDX-License-Identifier: GPL-2.0-only
"""lvslab: clusters of the Linux Virtual Server, in the lab.

Times are seconds (float), sizes bytes, addresses text. docs/python.md is the guide.

>>> import lvslab
>>> ipvs = lvslab.Ipvs()
>>> ipvs.add_service("192.168.26.10:80", scheduler="wlc")
>>> ipvs.destinations("192.168.26.10:80")
[]
"""

from ._lvslab import (
    Candidate,
    ClientGroup,
    Connection,
    Destination,
    Diagnostic,
    Fault,
    Ipvs,
    LvsConfig,
    RealServer,
    Request,
    Router,
    Scenario,
    SchedulerPlugin,
    Segment,
    Server,
    ServiceKey,
    Verdict,
    VirtualServer,
    Workload,
    __version__,
)
from .building import build_config, build_scenario
from .errors import InputError, IpvsError, PluginError, RunError
from .files import InputWarning, check_config, load_config, load_scenario
from .result import OUTCOMES, Expectation, Result
from .running import WORLDS, run
from .schedulers import Scheduler

__all__ = [
    "Candidate",
    "ClientGroup",
    "Connection",
    "Destination",
    "Diagnostic",
    "Fault",
    "InputError",
    "InputWarning",
    "Ipvs",
    "IpvsError",
    "PluginError",
    "LvsConfig",
    "RealServer",
    "Request",
    "Router",
    "Scenario",
    "Scheduler",
    "SchedulerPlugin",
    "Segment",
    "Server",
    "ServiceKey",
    "Verdict",
    "VirtualServer",
    "Workload",
    "OUTCOMES",
    "Expectation",
    "Result",
    "RunError",
    "WORLDS",
    "__version__",
    "build_config",
    "build_scenario",
    "check_config",
    "load_config",
    "load_scenario",
    "run",
    "sweep",
]


def sweep(source, **options):
    """Runs a scenario at many points of its parameters, with many seeds each: docs/sweeps.md.

    Args:
        source: path of a sweep file, or a mapping with the same keys.
        options: output, scheduler, workers, wait_for_workers, lvslab, check_only, page, progress;
            see lvslab.sweeps.run_sweep.

    Returns:
        lvslab.sweeps.SweepResult, with points, summary and differences as pandas frames.

    Raises:
        lvslab.sweeps.BadInput: with all that is wrong, before anything is written or run.
        OSError: the program or the scheduler is not there, or no worker came in time (TimeoutError).

    >>> import lvslab, lvslab.sweeps
    >>> try:
    ...     lvslab.sweep({"sweep": "s", "scenario": "nowhere.yaml", "world": "moon"})
    ... except lvslab.sweeps.BadInput as error:
    ...     print(error)
    sweep:2:11: scenario nowhere.yaml: No such file or directory
    sweep:3:8: no world is called "moon"; known here: packet, flow, kernel
    """
    from .sweeps import run_sweep  # dask and YAML are needed for sweeps alone
    return run_sweep(source, **options)
