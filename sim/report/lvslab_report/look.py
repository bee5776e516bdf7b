# SPDX-License-Identifier: GPL-2.0-only
"""Colours and small habits that all pictures share."""
import io
import re

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

INK = "#1f2328"
GREY = "#6b7280"
RULE = "#d8dde3"

# Okabe and Ito's palette, which colour-blind readers can tell apart. A family has one hue; within
# it the solid line is the one that honours weights (or came later).
_ALGORITHMS = {
    "rr": ("#0072B2", False), "wrr": ("#0072B2", True),
    "lc": ("#D55E00", False), "wlc": ("#D55E00", True),
    "lblc": ("#009E73", False), "lblcr": ("#009E73", True),
    "dh": ("#CC79A7", True),
    "sh": ("#000000", True), "mh": ("#000000", False),
    "sed": ("#E69F00", True), "nq": ("#E69F00", False),
    "fo": ("#56B4E9", False), "ovf": ("#56B4E9", True),
    "twos": ("#7F5AA8", True),
}
# Paul Tol's "muted" palette, for servers.
_SERVERS = ["#332288", "#CC6677", "#117733", "#DDCC77", "#88CCEE", "#882255", "#44AA99",
            "#999933", "#AA4499"]
MOST_SERVERS = len(_SERVERS)

pyplot.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK,
    "axes.edgecolor": GREY, "axes.labelcolor": INK, "axes.linewidth": 0.8,
    "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.grid": True, "axes.axisbelow": True, "grid.color": RULE, "grid.linewidth": 0.6,
    "xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "legend.frameon": False, "figure.facecolor": "white", "svg.fonttype": "path",
})


def algorithm(name):
    """(colour, solid) of an algorithm."""
    return _ALGORITHMS.get(name, (GREY, True))


def server(index, count):
    if count <= MOST_SERVERS:
        return _SERVERS[index]
    return matplotlib.colormaps["viridis"](0.92 * index / (count - 1))


def _unit(value):
    """(factor, unit) to tell a time in."""
    for limit, factor, unit in ((0.9995e-3, 1e6, "µs"), (0.9995, 1e3, "ms")):
        if value < limit:
            return factor, unit
    return 1, "s"


def seconds(value, _=None):
    """A time for people: 5 ms, 1.2 s."""
    if value <= 0:
        return "0"
    factor, unit = _unit(value)
    return f"{value * factor:.3g} {unit}"


def seconds_within(mean, half_width):
    """("182 ms", "± 4"): both in one unit, with the digits that the mean deserves."""
    factor, unit = _unit(mean)
    value = mean * factor
    digits = 2 if value < 10 else 1 if value < 100 else 0
    width = "" if half_width is None else f"± {half_width * factor:.{digits}f}"
    return f"{value:.{digits}f} {unit}", width


def time_axis(axis, low=None, high=None, room=60):
    """Labels a logarithmic axis from low to high, or a linear one. An axis has room for more than
    the powers of ten if high is less than `room` times as much as low."""
    if low is not None:
        narrow = high < room * low
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=50))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(seconds))


def percent_axis(axis):
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g} %"))


def svg(figure, name, description):
    """The figure as an inline SVG element: the same bytes each time, ids of its own."""
    out = io.StringIO()
    with pyplot.rc_context({"svg.hashsalt": "lvslab " + name}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None},
                       bbox_inches="tight", pad_inches=0.05)
    pyplot.close(figure)
    text = out.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    # Several pictures share one page, where an id may stand once.
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"| height="[\d.]+pt" width="[\d.]+pt"', "",
                  text, count=1)
    return text.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1)
