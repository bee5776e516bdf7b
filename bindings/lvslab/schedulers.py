# SPDX-License-Identifier: GPL-2.0-only
"""Schedulers of your own."""

import weakref
from functools import partial

from . import _lvslab
from .errors import InputError

_registered = weakref.WeakValueDictionary()


class Scheduler:
    """A scheduler written in Python, for lvslab.Ipvs and lvslab.run in the flow world.

    Subclass it and define schedule().

    Each virtual service that uses it gets an object of its own, made without arguments. It is
    called by ``name``, the class's own name unless the class says otherwise.

    Attributes:
        name: str of the class, what services call it by; None = the class's own name.
        seed: int of the object, there before __init__: a function of the run's seed and the
            service. What is drawn at random from it alone is the same in every run.

    >>> import lvslab
    >>> class FewestActive(lvslab.Scheduler):
    ...     def schedule(self, request, destinations):
    ...         able = [d for d in destinations if d.eligible]
    ...         return min(able, key=lambda d: (d.active, d.endpoint), default=None)
    >>> ipvs = lvslab.Ipvs(schedulers=[FewestActive])
    >>> ipvs.add_service("192.168.26.10:80", scheduler="FewestActive")
    >>> for server in ("10.0.0.1:80", "10.0.0.2:80"):
    ...     ipvs.add_destination("192.168.26.10:80", server)
    >>> syn = lvslab.Segment("172.16.0.2:4000", "192.168.26.10:80", "syn")
    >>> ipvs.step(syn, 0).server
    '10.0.0.1:80'
    """

    name = None
    seed = 0

    def schedule(self, request, destinations):
        """The server for a new connection.

        Args:
            request: Request, the connection's first packet.
            destinations: tuple of Candidate, the service's real servers, the newest first.

        Returns:
            One of ``destinations``, or None for none. One that is not ``eligible`` counts as none.
        """
        raise NotImplementedError(f"{type(self).__name__} has no schedule()")


def _made(kind, seed):
    """An object of the class, its seed set before __init__ can want it."""
    scheduler = kind.__new__(kind)
    scheduler.seed = seed
    scheduler.__init__()
    return scheduler


def registered(schedulers):
    """What keeps these schedulers known: subclasses of Scheduler, or SchedulerPlugin objects.

    InputError for what cannot be a scheduler's name, TypeError for what is no scheduler.
    """
    kept = []
    if schedulers is not None and not isinstance(schedulers, (list, tuple, set, frozenset)):
        raise TypeError(f"schedulers: {schedulers!r} is no list of schedulers")
    for place, scheduler in enumerate(schedulers or ()):
        if isinstance(scheduler, _lvslab.SchedulerPlugin):
            kept.append(scheduler)
        elif isinstance(scheduler, type) and issubclass(scheduler, Scheduler):
            known = _registered.get(scheduler)
            if known is None:
                known = _register(scheduler, f"schedulers[{place}]")
                _registered[scheduler] = known
            kept.append(known)
        else:
            hint = "; the class is wanted" if isinstance(scheduler, Scheduler) else ""
            raise TypeError(
                f"{scheduler!r} is neither a subclass of lvslab.Scheduler nor a SchedulerPlugin{hint}"
            )
    return kept


def _register(kind, place):
    name = kind.__name__ if kind.name is None else kind.name
    try:
        if not isinstance(name, str):
            raise ValueError(f"{name!r} is no scheduler's name")
        return _lvslab.register_scheduler(name, partial(_made, kind))
    except ValueError as error:
        said = str(error)
        if any(known.name == name for known in _registered.values()):
            said += (
                ": another class of that name, which an Ipvs or a run has still;"
                ' let go of it, or give this one another name (name = "...")'
            )
        raise InputError([_lvslab.Diagnostic("error", place, 0, 0, said)]) from None
