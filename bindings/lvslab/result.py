# SPDX-License-Identifier: GPL-2.0-only
"""What a run leaves: arrays, tables, and what came of its expectations."""

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import List, Optional

#: Names of the numbers in Result.outcomes.
OUTCOMES = ("served", "refused", "reset", "timed_out", "unfinished")


@dataclass(frozen=True)
class Expectation:
    """What came of one expectation.

    Attributes:
        text: as written in the scenario.
        holds: of this run, taken on its own.
        low, high: the value; of many the smallest and the largest; None = there is none.
        unit: of the value: "s", "share", "1/s", "bit/s" or "".
        missing: why there is no value.
        at: simulated seconds of the value, or of the first offence; None = of no moment.
        story: what happened, if it does not hold.
        decided_by_one_run: False for a mean or a quantile over runs.
    """

    text: str
    holds: bool
    low: Optional[float] = None
    high: Optional[float] = None
    unit: str = ""
    missing: str = ""
    at: Optional[float] = None
    story: List[str] = field(default_factory=list)
    decided_by_one_run: bool = True


_TAKEOVER = ["at", "from", "to", "failed", "time", "open", "survived"]


class Result:
    """A run's result, the same whichever world made it.

    Arrays are views of memory that the run filled: nothing is copied, and they cannot be written
    to. Of n connections that ended and m responses that arrived (both 0 with ``rows=False``):

    ====================  ==========  =======================================================
    arrival_times         (n,) float  seconds of simulated time at which a client connected
    durations             (n,) float  seconds from there to the connection's end
    outcomes              (n,) int8   index into ``lvslab.OUTCOMES``
    connection_servers    (n,) int32  index into ``server_names``; -1 = no server answered
    response_times        (m,) float  seconds; of a connection's first from its connect on
    response_servers      (m,) int32  index into ``server_names``
    ====================  ==========  =======================================================

    Rows are in the order in which connections ended and responses arrived.

    Attributes:
        scenario: Scenario. world: str. seed: int. scheduler: str, or None = the lvs.cf's.
        summary: dict, the run's summary.json (docs/journal.md); times in seconds.
    """

    def __init__(self, *, scenario, world, seed, scheduler, record, summary, judgement):
        self._record = record
        self._judgement = judgement
        self.scenario = scenario
        self.world = world
        self.seed = seed
        self.scheduler = scheduler
        self.summary = summary
        connections, responses = record.connections, record.responses
        self.arrival_times = connections["arrival"]
        self.durations = connections["duration"]
        self.outcomes = connections["outcome"]
        self.connection_servers = connections["server"]
        self.response_times = responses["response_time"]
        self.response_servers = responses["server"]

    def __repr__(self):
        return (
            f"<lvslab.Result {self.scenario.name}, {self.world} world, seed {self.seed}, "
            f"{self.summary['total']['connections']} connections>"
        )

    @property
    def server_names(self):
        """Names of the real servers, in the scenario's order (list of str)."""
        return self._record.names["server"]

    @cached_property
    def connections(self):
        """A row for each connection that ended (pandas.DataFrame).

        connection (number in the plan), arrival (s), duration (s), workload, server, outcome.
        """
        frame = self._frame(self._record.connections, ("workload", "server"))
        frame["outcome"] = _categories(self.outcomes, OUTCOMES)
        return frame

    @cached_property
    def responses(self):
        """A row for each response (pandas.DataFrame).

        connection, request (0 = its first), time (s, when it had arrived), response_time (s),
        workload, server, bytes.
        """
        return self._frame(self._record.responses, ("workload", "server"))

    @cached_property
    def checks(self):
        """A row for each health check that ended (pandas.DataFrame).

        time (s), duration (s), router, service, server, up (it answered as expected).
        """
        frame = self._frame(self._record.checks, ("router", "service", "server"))
        frame["up"] = frame["up"].astype(bool)
        return frame

    @cached_property
    def roles(self):
        """A row for each change of a router's role (pandas.DataFrame).

        time (s), router, active (bool), reason ("partner silent").
        """
        frame = self._frame(self._record.roles, ("router",))
        frame["active"] = frame["active"].astype(bool)
        return frame

    @cached_property
    def servers(self):
        """A row for each real server, by name (pandas.DataFrame).

        The fields of "Each real server" in docs/journal.md: given, served, utilisation, ...
        """
        return self._table("servers", "server")

    @cached_property
    def takeovers(self):
        """A row for each takeover (pandas.DataFrame), as in docs/journal.md."""
        return self._table("takeovers", None, _TAKEOVER)

    @cached_property
    def expectations(self):
        """What came of what the scenario expects (list of Expectation)."""
        names = {f.name for f in fields(Expectation)}
        return [
            Expectation(**{key: value for key, value in one.items() if key in names})
            for one in self._judgement["expectations"]
        ]

    @property
    def violations(self):
        """Invariants that did not hold, each with what happened (list of str; the first ones)."""
        return [violation["text"] for violation in self._judgement["first_violations"]]

    @property
    def holds(self):
        """No expectation that one run decides failed, and every invariant held (bool)."""
        return self._judgement["holds"]

    def _table(self, key, index, columns=None):
        import pandas

        rows = self.summary[key] or []
        frame = pandas.DataFrame(rows, columns=None if rows else columns)
        return frame if index is None or frame.empty else frame.set_index(index)

    def _frame(self, columns, named):
        """The columns as they are, names in the place of indices."""
        import pandas

        names = self._record.names
        shown = {c: _categories(a, names[c]) if c in named else a for c, a in columns.items()}
        return pandas.DataFrame(shown, copy=False)


def _categories(codes, names):
    import pandas

    return pandas.Categorical.from_codes(codes, list(names))
