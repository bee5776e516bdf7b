# SPDX-License-Identifier: GPL-2.0-only
"""Schedulers of your own."""

import weakref
from functools import partial

from . import _lvslab

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
    """What keeps these schedulers known: subclasses of Scheduler, or SchedulerPlugin objects."""
    kept = []
    for scheduler in schedulers or ():
        if isinstance(scheduler, _lvslab.SchedulerPlugin):
            kept.append(scheduler)
        elif isinstance(scheduler, type) and issubclass(scheduler, Scheduler):
            known = _registered.get(scheduler)
            if known is None:
                name = scheduler.name or scheduler.__name__
                known = _lvslab.register_scheduler(name, partial(_made, scheduler))
                _registered[scheduler] = known
            kept.append(known)
        else:
            raise TypeError(
                f"{scheduler!r} is neither a subclass of lvslab.Scheduler nor a SchedulerPlugin"
            )
    return kept
