# SPDX-License-Identifier: GPL-2.0-only
"""Runs a sweep: what is finished already is taken, the rest goes to workers, until each point has as
many seeds as it shall have."""
import signal
import threading
from collections import deque
from dataclasses import dataclass, field

from . import cluster_files, quantities, store
from .workers import LostWorkers

MOST_UNDER_WAY = 1000  # tasks that the scheduler knows of at a time, at least


@dataclass
class Point:
    """A point and the outcomes of its runs, in the order of seeds."""
    index: int
    scenario: str
    files: dict
    keys: list = field(default_factory=list)
    outcomes: list = field(default_factory=list)   # by number of seed; None = under way
    failed: str = ""


class Interrupted(Exception):
    """Ctrl-C or SIGTERM; what was finished is kept."""


class Run:
    """One go at a sweep in a result folder. points: what came of each."""

    def __init__(self, sweep, folder, lvslab, program):
        self.sweep, self.lvslab, self.program = sweep, lvslab, program
        self.store = store.Store(folder)
        self.points = [Point(i, *cluster_files.with_values(sweep.files, sweep.values_of(i)))
                       for i in range(len(sweep.points))]
        self.taken = 0     # runs that were finished before
        self.made = 0      # runs of this go
        self.interrupted = False
        self.stopped = ""  # why it ended before its time, if nobody asked it to

    def __repr__(self):
        return (f"<lvslab.sweeps: {self.finished_runs()} of {self.expected_runs()} runs of "
                f"{self.sweep.name}>")

    def go(self, make_workers, progress=None):
        """Runs all that is missing. make_workers() gives the Workers once there is work; nothing is
        written before they are there."""
        waiting = deque()
        for point in self.points:
            waiting.extend(self._next_runs(point))
        if not waiting:
            self.store.open()
            return
        stopper = _StopOnSignal()
        workers = make_workers()
        try:
            with stopper:
                self.store.open()
                self._work(workers, waiting, progress, stopper)
        except (KeyboardInterrupt, Interrupted):
            self.interrupted = True
        except LostWorkers as lost:
            self.stopped = str(lost)
        finally:
            workers.stop()
            workers.close()

    def _work(self, workers, waiting, progress, stopper):
        under_way = 0
        room = max(MOST_UNDER_WAY, 4 * workers.threads())

        def fill():
            nonlocal under_way
            while waiting and under_way < room:
                point, k = waiting.popleft()
                workers.submit((point.index, k), self._task(point, k))
                under_way += 1
        fill()
        for (index, k), outcome in workers.outcomes():
            if stopper.asked:
                raise Interrupted
            under_way -= 1
            point = self.points[index]
            self._take(point, k, outcome)
            if all(o is not None for o in point.outcomes):
                waiting.extend(self._next_runs(point))
            fill()
            if progress:
                progress(self)

    def _task(self, point, k):
        return {"key": point.keys[k], "scenario": point.scenario, "files": point.files,
                "seed": self.sweep.seeds.seed(point.index, k), "world": self.sweep.world,
                "lvslab": self.lvslab, "version": self.program.rpartition(" ")[0]}

    def _take(self, point, k, outcome):
        if "summary" in outcome:
            self.store.keep(point.keys[k], outcome)
            self.made += 1
            point.outcomes[k] = outcome
            return
        point.outcomes[k] = {}
        point.failed = point.failed or outcome.get("refused") or outcome.get("failed")

    def _next_runs(self, point):
        """The runs that the point wants and the store has not."""
        missing = []
        while not point.failed and not missing:
            done = len(point.outcomes)
            wanted = self.sweep.seeds.wanted(lambda q: self.values(point, q), done)
            if wanted == done:
                break
            for k in range(done, wanted):
                key = store.fingerprint(point.files, point.scenario,
                                        self.sweep.seeds.seed(point.index, k), self.sweep.world,
                                        self.program)
                kept = self.store.load(key)
                point.keys.append(key)
                point.outcomes.append(kept)
                if kept is None:
                    missing.append((point, k))
                else:
                    self.taken += 1
        return missing

    def values(self, point, quantity):
        """The quantity of each finished run of the point, in the order of seeds."""
        return [quantities.value_of(o["summary"], quantity) for o in point.outcomes if o]

    def values_by_seed(self, point, quantity):
        return {self.sweep.seeds.seed(point.index, k): quantities.value_of(o["summary"], quantity)
                for k, o in enumerate(point.outcomes) if o}

    def finished_runs(self):
        return sum(1 for p in self.points for o in p.outcomes if o)

    def expected_runs(self):
        """How many runs there are to be, as far as is known."""
        return sum(max(len(p.outcomes), self.sweep.seeds.least) for p in self.points)


class _StopOnSignal:
    """Ctrl-C and SIGTERM stop a sweep. In other threads than the first there are no signals."""

    def __init__(self):
        self.before = {}
        self.asked = False

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self.before[number] = signal.signal(number, self._stop)
        return self

    def _stop(self, _signal, _frame):
        # What is raised in a callback (of the garbage collector, say) is lost: the next outcome asks.
        self.asked = True
        raise Interrupted

    def __exit__(self, *_):
        for number, handler in self.before.items():
            signal.signal(number, handler)
