# SPDX-License-Identifier: GPL-2.0-only
"""The values of a parameter: lists, ranges, distributions, and the points that they make.

A value is the text that is put into the scenario. Where all values of a parameter are a number with
the same words around it (`poisson 100/s`, `poisson 200/s`), the number is its place on an axis.
"""
import itertools
import math
import re
import zlib
from dataclasses import dataclass, field

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
QUANTITY = re.compile(rf"({NUMBER.pattern})([A-Za-z%/]*)$")


@dataclass
class Parameter:
    """One parameter: its path in the scenario, its values or what they are drawn from.

    values: texts of a list or of a range with steps; drawn: a function from [0, 1) to a text.
    """
    path: str
    mark: object = None
    values: list = None
    drawn: object = None
    ends: list = field(default_factory=list)  # what is checked before the first run


def number_text(number, digits=9):
    """The shortest decimal text of the number, the same on every machine."""
    rounded = float(f"{number:.{digits}g}")
    return str(int(rounded)) if rounded == int(rounded) and abs(rounded) < 1e15 else repr(rounded)


def split_quantity(text):
    """(number, unit) of "10ms", or None."""
    match = QUANTITY.match(text.strip())
    return (float(match.group(1)), match.group(2)) if match else None


def steps(start, stop, step):
    """start, start + step, ... up to stop, which is included if it is met."""
    count = int(math.floor((stop - start) / step + 1e-9)) + 1
    return [start + i * step for i in range(count)]


def spaced(start, stop, count, logarithmic):
    """`count` values from start to stop, both included."""
    if count == 1:
        return [start]
    if logarithmic:
        ratio = math.log(stop / start)
        return [start * math.exp(ratio * i / (count - 1)) for i in range(count)]
    return [start + (stop - start) * i / (count - 1) for i in range(count)]


def grid(parameters):
    """Every combination, the last parameter's values changing fastest."""
    return [tuple(c) for c in itertools.product(*(p.values for p in parameters))]


def sample(parameters, method, count, seed):
    """`count` points, drawn by `method` (random, sobol, latin) from a stream of their own."""
    draws = unit_draws(method, len(parameters), count, seed)
    points = []
    for row in draws:
        point = []
        for parameter, u in zip(parameters, row):
            u = min(max(float(u), 0.0), math.nextafter(1.0, 0.0))
            if parameter.drawn is not None:
                point.append(parameter.drawn(u))
            else:
                point.append(parameter.values[int(u * len(parameter.values))])
        points.append(tuple(point))
    return points


def unit_draws(method, dimensions, count, seed):
    """count rows of `dimensions` numbers in [0, 1)."""
    import numpy
    stream = numpy.random.default_rng([zlib.crc32(b"lvslab sweep sample"), seed])
    if method == "random":
        return stream.random((count, dimensions))
    import warnings
    from scipy.stats import qmc
    kinds = {"sobol": qmc.Sobol, "latin": qmc.LatinHypercube}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Sobol's balance wants a power of two: the docs say so
        return kinds[method](d=dimensions, seed=stream).random(count)


def axis(texts):
    """([number of each text], unit) or None where the values are names."""
    numbers, around = [], set()
    for text in texts:
        found = NUMBER.findall(text)
        if len(found) != 1:
            return None
        numbers.append(float(found[0]))
        around.add(NUMBER.sub("\0", text))
    if len(around) != 1:
        return None
    before, after = around.pop().split("\0")
    return numbers, f"{before}…{after}" if before.strip() else after
