# SPDX-License-Identifier: GPL-2.0-only
"""Means over seeds with Student-t confidence intervals, and when there are enough seeds."""
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """mean ± half_width over n values; half_width is None below two values, mean below one."""
    mean: float
    half_width: float
    n: int


def interval(values, confidence=0.95):
    """The mean of the values that there are (None counts as none), and its half-width."""
    there = [float(v) for v in values if v is not None]
    n = len(there)
    if n == 0:
        return Interval(None, None, 0)
    mean = math.fsum(there) / n
    if n == 1:
        return Interval(mean, None, 1)
    variance = math.fsum((v - mean) ** 2 for v in there) / (n - 1)
    from scipy.special import stdtrit
    t = float(stdtrit(n - 1, 0.5 + confidence / 2))
    return Interval(mean, t * math.sqrt(variance / n), n)


def paired_difference(values, baseline, confidence=0.95):
    """The interval of values[seed] - baseline[seed] over the seeds that both have."""
    both = [s for s in sorted(values) if s in baseline
            and values[s] is not None and baseline[s] is not None]
    return interval([values[s] - baseline[s] for s in both], confidence)


@dataclass(frozen=True)
class Target:
    """A half-width that is narrow enough: `limit` is a share of the mean, or in the quantity's unit."""
    quantity: str
    limit: float
    relative: bool

    def met(self, values, confidence):
        i = interval(values, confidence)
        if i.half_width is None:
            return False
        return i.half_width <= (self.limit * abs(i.mean) if self.relative else self.limit)


@dataclass(frozen=True)
class Seeds:
    """How many seeds a point gets: `least` of them, then `step` more until every target is met or
    there are `most`. Without targets: `least` = `most`. What is decided depends on results alone,
    never on which of them came first."""
    first: int
    least: int
    most: int
    step: int = 1
    targets: tuple = ()
    paired: bool = True
    confidence: float = 0.95

    def seed(self, point, k):
        """The k-th seed of the point: the same for all points if they are paired."""
        return self.first + k + (0 if self.paired else point * self.most)

    def wanted(self, values_of, done):
        """How many seeds the point shall have, when it has `done`. values_of(quantity) -> values."""
        if done < self.least:
            return self.least
        if done >= self.most or all(t.met(values_of(t.quantity), self.confidence)
                                    for t in self.targets):
            return done
        return min(done + self.step, self.most)
