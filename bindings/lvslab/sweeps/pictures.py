# SPDX-License-Identifier: GPL-2.0-only
"""The pictures of a sweep: the same results, the same bytes. Each function gives an SVG element."""
import io
import re

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

from . import quantities, values  # noqa: E402
from .intervals import interval, paired_difference  # noqa: E402

INK, GREY, RULE = "#1f2328", "#6b7280", "#d8dde3"
# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F5AA8"]
MOST_LINES = len(COLOURS)

_STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.edgecolor": GREY,
    "axes.labelcolor": INK, "axes.linewidth": 0.8, "axes.spines.top": False,
    "axes.spines.right": False, "axes.titlesize": 9.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.grid": True, "axes.axisbelow": True, "grid.color": RULE,
    "grid.linewidth": 0.6, "xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK,
    "ytick.labelcolor": INK, "legend.frameon": False, "svg.fonttype": "path",
}


class Axis:
    """A parameter along an axis: numbers where its values are numbers, else their order."""

    def __init__(self, parameter, texts):
        ordered = list(dict.fromkeys(texts))
        numeric = values.axis(ordered)
        self.label, self.names = parameter.path, None
        if numeric is None:
            self.at, self.names = {t: float(i) for i, t in enumerate(ordered)}, ordered
        else:
            numbers, unit = numeric
            self.at = dict(zip(ordered, numbers))
            self.label += f" ({unit})" if unit else ""
        self.ordered = sorted(ordered, key=lambda t: self.at[t])
        places = [self.at[t] for t in self.ordered]
        steps = [b - a for a, b in zip(places, places[1:])]
        self.logarithmic = (self.names is None and len(places) > 2 and places[0] > 0
                            and steps[-1] > 3 * steps[0] and places[-1] > 8 * places[0])

    def dress(self, axes, axis):
        (axes.set_xlabel if axis is axes.xaxis else axes.set_ylabel)(self.label)
        if self.names is not None:
            axis.set_ticks(range(len(self.names)), self.names)
        elif self.logarithmic:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")


def title(measure):
    unit = quantities.unit_of(measure)
    return measure + (f" ({unit})" if unit else "")


def _texts(sweep, i):
    return [point[i] for point in sweep.points]


def _number_of(sweep, i):
    return len(set(_texts(sweep, i)))


def _horizontal(sweep):
    """The parameter along the horizontal axis: numbers before names, more values before fewer."""
    def rank(i):
        numeric = values.axis(list(dict.fromkeys(_texts(sweep, i)))) is not None
        return (not numeric, -_number_of(sweep, i), i)
    varied = [i for i in range(len(sweep.parameters)) if _number_of(sweep, i) > 1]
    return min(varied, key=rank) if varied else 0


def draws(run):
    """Whether there is anything along an axis."""
    return any(_number_of(run.sweep, i) > 1 for i in range(len(run.sweep.parameters)))


def measured(run, measure):
    """The measure over the parameters: lines with confidence bands over one parameter, one line a
    combination of the others; heat maps of two numbers; dots of samples."""
    def of(point):
        return interval(run.values(point, measure), run.sweep.seeds.confidence)
    return _picture(run, of, title(measure), measure, None)


def differences(run, measure):
    """The same of the paired differences from the baseline point."""
    sweep = run.sweep
    base = run.values_by_seed(run.points[sweep.baseline], measure)

    def of(point):
        return paired_difference(run.values_by_seed(point, measure), base, sweep.seeds.confidence)
    return _picture(run, of, f"difference of {title(measure)}", "difference-" + measure, 0.0)


def _picture(run, of, label, name, zero):
    sweep = run.sweep
    intervals = [of(p) for p in run.points]
    others = [i for i in range(len(sweep.parameters)) if i != _horizontal(sweep)
              and _number_of(sweep, i) > 1]
    with pyplot.rc_context(_STYLE):
        if sweep.sampled:
            figure = _dots(sweep, intervals, label)
        elif _lines_wanted(sweep, others) <= MOST_LINES:
            figure = _lines(sweep, intervals, others, label, zero)
        elif len(others) == 1:
            figure = _heat_map(sweep, intervals, others[0], label, zero)
        else:
            figure = _dots(sweep, intervals, label)
        return _svg(figure, re.sub(r"[^a-z0-9-]", "-", name.lower()), label)


def _lines_wanted(sweep, others):
    count = 1
    for i in others:
        count *= _number_of(sweep, i)
    return count


def _lines(sweep, intervals, others, label, zero):
    along = _horizontal(sweep)
    axis = Axis(sweep.parameters[along], _texts(sweep, along))
    figure, axes = pyplot.subplots(figsize=(7.2, 3.6))
    groups = {}
    for point, i in zip(sweep.points, intervals):
        if i.mean is not None:
            groups.setdefault(tuple(point[o] for o in others), []).append((axis.at[point[along]], i))
    for number, (names, line) in enumerate(groups.items()):
        line.sort(key=lambda pair: pair[0])
        colour = COLOURS[number % len(COLOURS)]
        x, mean = [p[0] for p in line], [p[1].mean for p in line]
        half = [p[1].half_width or 0.0 for p in line]
        axes.plot(x, mean, color=colour, marker="o", markersize=3.5, linewidth=1.6,
                  label=", ".join(names))
        axes.fill_between(x, [m - h for m, h in zip(mean, half)],
                          [m + h for m, h in zip(mean, half)], color=colour, alpha=0.18,
                          linewidth=0)
    means = [i.mean for i in intervals if i.mean is not None]
    if zero is not None:
        axes.axhline(zero, color=GREY, linewidth=0.9)
    elif means and min(means) > 0 and max(means) > 8 * min(means):
        axes.set_yscale("log")  # else the largest hides how the others differ
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axis.dress(axes, axes.xaxis)
    axes.set_title(label)
    if others:
        axes.legend(title=", ".join(sweep.parameters[o].path for o in others), loc="upper left",
                    bbox_to_anchor=(1.01, 1.0), borderaxespad=0, alignment="left")
    return figure


def _heat_map(sweep, intervals, other, label, zero):
    along = _horizontal(sweep)
    across = Axis(sweep.parameters[along], _texts(sweep, along))
    up = Axis(sweep.parameters[other], _texts(sweep, other))
    cells = [[float("nan")] * len(across.ordered) for _ in up.ordered]
    for point, i in zip(sweep.points, intervals):
        if i.mean is not None:
            cells[up.ordered.index(point[other])][across.ordered.index(point[along])] = i.mean
    figure, axes = pyplot.subplots(figsize=(7.2, 4.4))
    there = [c for row in cells for c in row if c == c]
    most = max((abs(c) for c in there), default=1.0) or 1.0
    scale = dict(cmap="viridis") if zero is None else dict(cmap="RdBu_r", vmin=-most, vmax=most)
    image = axes.imshow(cells, origin="lower", aspect="auto", interpolation="nearest", **scale)
    figure.colorbar(image, ax=axes)
    for ticks, one in ((axes.set_xticks, across), (axes.set_yticks, up)):
        step = max(1, -(-len(one.ordered) // 12))
        shown = range(0, len(one.ordered), step)
        ticks(list(shown), [_short(one, one.ordered[i]) for i in shown])
    axes.set_xlabel(across.label)
    axes.set_ylabel(up.label)
    axes.grid(False)
    axes.set_title(label)
    return figure


def _short(axis, text):
    return text if axis.names is not None else f"{axis.at[text]:g}"


def _dots(sweep, intervals, label):
    """One panel a parameter: every point with its interval."""
    varied = [i for i in range(len(sweep.parameters)) if _number_of(sweep, i) > 1]
    rows = -(-len(varied) // 2)
    figure, panels = pyplot.subplots(rows, min(2, len(varied)), figsize=(7.2, 2.9 * rows),
                                     squeeze=False, sharey=True)
    for place, i in enumerate(varied):
        axes = panels[place // 2][place % 2]
        axis = Axis(sweep.parameters[i], _texts(sweep, i))
        axis.logarithmic = False
        there = [(axis.at[p[i]], v) for p, v in zip(sweep.points, intervals) if v.mean is not None]
        axes.errorbar([x for x, _ in there], [v.mean for _, v in there],
                      yerr=[v.half_width or 0.0 for _, v in there], fmt="o", markersize=3,
                      color=COLOURS[0], ecolor="#9cc4de", elinewidth=1)
        axis.dress(axes, axes.xaxis)
    for place in range(len(varied), rows * min(2, len(varied))):
        panels[place // 2][place % 2].set_visible(False)
    figure.suptitle(label, x=0.06, ha="left", fontsize=9.5, fontweight="bold")
    figure.tight_layout()
    return figure


def _svg(figure, name, description):
    out = io.StringIO()
    with pyplot.rc_context({"svg.hashsalt": "lvslab sweep " + name}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None},
                       bbox_inches="tight", pad_inches=0.05)
    pyplot.close(figure)
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.S)
    # Several pictures share one page, where an id may stand once.
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", text, count=2)
    return text.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1)
