# SPDX-License-Identifier: GPL-2.0-only
"""The pictures of a comparison. Each function gives an SVG element."""
import math

import numpy
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

import look
from look import pyplot

WIDTH = 10.0


def _distribution(scheduler):
    counts = scheduler.response_time_counts()
    if not counts:
        return None
    times, numbers = (numpy.array(column, dtype=float) for column in zip(*counts))
    below = numpy.cumsum(numbers)
    return times, below / below[-1], below[-1]


def response_times(comparison):
    """Left: the share of responses that took at most so long. Right: the slow end, enlarged."""
    figure, (whole, tail) = pyplot.subplots(1, 2, figsize=(WIDTH, 3.9))
    fewest = 1.0
    low, middle, high = math.inf, math.inf, 0.0
    for group in comparison.groups(comparison.best_first()):
        curve = _distribution(group[0])
        if curve is None:
            continue
        times, share, count = curve
        colour, solid = look.algorithm(group[0].name)
        style = dict(color=colour, linestyle="-" if solid else (0, (4, 1.6)), linewidth=1.6,
                     label=" = ".join(s.name for s in group))
        whole.step(numpy.append(times[0], times), numpy.append(0, share), where="post", **style)
        slower = 1 - numpy.append(0, share[:-1])
        tail.step(times, slower, where="pre", **style)
        fewest = min(fewest, 1 / count)
        low = min(low, times[numpy.searchsorted(share, 0.002)])
        middle = min(middle, times[numpy.searchsorted(share, 0.5)])
        high = max(high, times[-1])
    for axes in (whole, tail):
        axes.set_xscale("log")
        axes.set_xlabel("response time")
    for axes, left in ((whole, low / 1.15), (tail, middle / 1.15)):
        axes.set_xlim(left, high * 1.25)
        look.time_axis(axes.xaxis, left, high)
    whole.set_title("How long did clients wait?")
    whole.set_ylabel("responses that took no longer")
    whole.set_ylim(0, 1.01)
    look.percent_axis(whole.yaxis)
    tail.set_title("The slow end, enlarged")
    tail.set_ylabel("responses that took longer")
    tail.set_yscale("log")
    tail.set_ylim(max(fewest, 1e-5), 1.2)
    look.percent_axis(tail.yaxis)
    for share, name in ((0.05, "p95"), (0.01, "p99")):
        tail.axhline(share, color=look.GREY, linewidth=0.7, linestyle=":")
        tail.annotate(name, (1, share), xycoords=("axes fraction", "data"), xytext=(2, -3),
                      textcoords="offset points", fontsize=8, color=look.GREY)
    handles, labels = whole.get_legend_handles_labels()
    figure.tight_layout(rect=(0, 0.1, 1, 1), w_pad=2.5)
    figure.legend(handles, labels, loc="lower center", ncol=min(len(labels), 8),
                  title="best first", title_fontsize=8, handlelength=2.6)
    return look.svg(figure, "response-times",
                    "Distribution of response times, one line an algorithm")


def quantiles(comparison):
    """p95 and p99 with confidence intervals, best first."""
    rows = [s for s in comparison.best_first() if s.mean("response_time_p95") is not None]
    figure, axes = pyplot.subplots(figsize=(WIDTH, 0.9 + 0.42 * len(rows)))
    everything = []
    for y, s in enumerate(rows):
        colour, _ = look.algorithm(s.name)
        for metric, offset, filled in (("response_time_p95", -0.14, True),
                                       ("response_time_p99", 0.14, False)):
            mean, half = s.mean(metric), s.half_width(metric)
            values = s.values(metric)
            everything += values + [mean]
            axes.plot(values, [y + offset] * len(values), "|", color=colour, alpha=0.45,
                      markersize=6, zorder=2)
            if half is not None:
                left = max(mean - half, min(values) / 2)
                axes.plot([left, mean + half], [y + offset] * 2, "-", color=colour, linewidth=1.6,
                          zorder=3)
                everything.append(left)
                everything.append(mean + half)
            axes.plot([mean], [y + offset], "o", color=colour, markersize=6.5, zorder=4,
                      markerfacecolor=colour if filled else "white", markeredgewidth=1.4)
    best = comparison.best()
    axes.set_yticks(range(len(rows)), [s.name for s in rows])
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() in best else "normal")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    logarithmic = max(everything) > 8 * min(everything)
    if logarithmic:
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)
    look.time_axis(axes.xaxis, *((min(everything), max(everything), 5000) if logarithmic else ()))
    axes.set_xlabel("response time" + (" (logarithmic)" if logarithmic else ""))
    dot = dict(marker="o", linestyle="none", color=look.INK, markersize=6)
    axes.legend(handles=[Line2D([], [], label="p95", **dot),
                         Line2D([], [], label="p99", markerfacecolor="white", **dot),
                         Line2D([], [], color=look.INK, label="95 % confidence interval"),
                         Line2D([], [], marker="|", linestyle="none", color=look.INK, alpha=0.45,
                                label="one repetition")],
                loc="lower left", bbox_to_anchor=(0, 1.0), ncol=4, fontsize=8)
    return look.svg(figure, "quantiles", "95th and 99th percentile of each algorithm")


def _server_names(comparison):
    return [s["server"] for s in comparison.schedulers[0].servers]


def _load_lines(axes, load, names):
    """A line a server; of many servers only where most of them are, and the extremes."""
    if len(names) <= look.MOST_SERVERS:
        for i, name in enumerate(names):
            if load.get(name):
                times, values = zip(*load[name])
                axes.plot(times, values, color=look.server(i, len(names)), linewidth=1.2)
        return
    lines = [load[name] for name in names if load.get(name)]
    length = min(len(line) for line in lines)
    times = [time for time, _ in lines[0][:length]]
    table = numpy.array([[value for _, value in line[:length]] for line in lines])
    colour = look.server(0, 1)
    axes.fill_between(times, table.min(axis=0), table.max(axis=0), color=colour, alpha=0.18,
                      linewidth=0)
    axes.fill_between(times, *numpy.percentile(table, (25, 75), axis=0), color=colour, alpha=0.4,
                      linewidth=0)
    axes.plot(times, table.mean(axis=0), color=colour, linewidth=1.2)


def _one_worker_count(comparison):
    counts = {server["workers"] for server in comparison.setup["servers"]}
    return counts.pop() if len(counts) == 1 else None


def load_over_time(comparison):
    """Small multiples, one an algorithm, all on the same axes."""
    schedulers = comparison.schedulers
    names = _server_names(comparison)
    loads = [s.load() for s in schedulers]
    columns = min(len(schedulers), 2 if len(schedulers) <= 4 else 3 if len(schedulers) <= 6 else 4)
    rows = math.ceil(len(schedulers) / columns)
    figure, grid = pyplot.subplots(rows, columns, figsize=(WIDTH, 0.75 + 1.75 * rows), sharex=True,
                                   sharey=True, squeeze=False)
    peaks = [max((v for line in load.values() for _, v in line), default=0) for load in loads]
    # What is left after the last arrival is worth a glance only.
    last_arrival = max(w["start"] + w["length"] for w in comparison.setup["workloads"])
    workers = _one_worker_count(comparison)
    # One algorithm that lets a queue grow must not flatten all the others.
    squeezed = max(peaks) > 6 * max(numpy.median(peaks), 1)
    linear_to = workers or max(10 ** math.floor(math.log10(max(numpy.median(peaks), 1))), 1)
    for panel, (s, load) in enumerate(zip(schedulers, loads)):
        axes = grid[panel // columns][panel % columns]
        _load_lines(axes, load, names)
        axes.set_title(s.name + ("  (best)" if s.name in comparison.best() else ""))
        if workers:
            axes.axhline(workers, color=look.GREY, linewidth=0.8, linestyle="--", zorder=1)
        for time, text in s.pool_changes():
            axes.axvline(time, color=look.INK, linewidth=0.8, linestyle=":")
            if panel == 0:
                axes.annotate(text, (time, 1), xycoords=("data", "axes fraction"), fontsize=7,
                              rotation=90, va="top", ha="right", color=look.INK,
                              bbox=dict(facecolor="white", edgecolor="none", alpha=0.7, pad=0.5))
        if squeezed:
            axes.set_yscale("symlog", linthresh=linear_to)
            powers = range(math.ceil(math.log10(linear_to)), math.ceil(math.log10(max(peaks))))
            axes.set_yticks([0] + [10 ** p for p in powers])
            axes.yaxis.set_major_formatter(look.FuncFormatter(lambda v, _: f"{v:g}"))
        axes.set_xlim(0, 1.08 * last_arrival)
        axes.set_ylim(0, 1.1 * max(peaks) if max(peaks) > 0 else 1)
    for panel in range(len(schedulers), rows * columns):
        grid[panel // columns][panel % columns].set_visible(False)
        grid[panel // columns - 1][panel % columns].xaxis.set_tick_params(labelbottom=True)
    figure.supxlabel("time (s)", fontsize=9, y=0.02)
    figure.supylabel("requests in the server" + (f", logarithmic above {linear_to:g}" if squeezed
                                                 else ""), fontsize=9)
    if len(names) <= look.MOST_SERVERS:
        handles = [Line2D([], [], color=look.server(i, len(names)), label=name)
                   for i, name in enumerate(names)]
    else:
        colour = look.server(0, 1)
        handles = [Line2D([], [], color=colour, label=f"mean of {len(names)} servers"),
                   Patch(color=colour, alpha=0.4, label="half of the servers"),
                   Patch(color=colour, alpha=0.18, label="all servers")]
    if workers:
        handles.append(Line2D([], [], color=look.GREY, linestyle="--",
                              label=f"all {workers} workers busy"))
    figure.tight_layout()
    figure.legend(handles=handles, loc="lower center", ncol=min(len(handles), 8),
                  bbox_to_anchor=(0.5, 1.0))
    return look.svg(figure, "load", "Load of each server over time, one panel an algorithm")


def shares(comparison):
    """Left: who got which connections, against the weights. Right: how hard each server worked."""
    schedulers = comparison.schedulers
    names = _server_names(comparison)
    weights = [s["weight_share"] for s in schedulers[0].servers]
    figure, (bars, work) = pyplot.subplots(1, 2, figsize=(WIDTH, 1.2 + 0.34 * (len(schedulers) + 1)),
                                           sharey=True, gridspec_kw={"width_ratios": (3, 2)})
    lines = [("by weight", weights)]
    lines += [(s.name, [(server["share"] or {}).get("mean", 0) for server in s.servers])
              for s in schedulers]
    for y, (name, parts) in enumerate(lines):
        left = 0.0
        for i, part in enumerate(parts):
            colour = look.server(i, len(names))
            bars.barh(y, part, left=left, color=colour, height=0.72 if y else 0.5,
                      edgecolor="white", linewidth=0.8, alpha=1 if y else 0.55)
            if part >= 0.06 and len(names) <= look.MOST_SERVERS:
                r, g, b = (int(colour[k:k + 2], 16) for k in (1, 3, 5))
                dark = 0.299 * r + 0.587 * g + 0.114 * b < 140
                bars.text(left + part / 2, y, f"{100 * part:.0f}", ha="center", va="center",
                          fontsize=8, color="white" if dark and y else look.INK)
            left += part
    for edge in numpy.cumsum(weights)[:-1]:
        bars.axvline(edge, color=look.INK, linewidth=1, linestyle=(0, (3, 2)))
    bars.set_yticks(range(len(lines)), [name for name, _ in lines])
    for label in bars.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() in comparison.best() else "normal")
        label.set_fontstyle("italic" if label.get_text() == "by weight" else "normal")
    bars.set_ylim(len(lines) - 0.45, -0.55)
    bars.set_xlim(0, 1)
    bars.grid(visible=False)
    look.percent_axis(bars.xaxis)
    bars.set_xlabel("share of the connections")
    bars.set_title("Who got which connections?")
    for y, s in enumerate(schedulers, start=1):
        for i, server in enumerate(s.servers):
            if server["utilisation"]:
                work.plot(server["utilisation"]["mean"], y, "o", color=look.server(i, len(names)),
                          markersize=7, markeredgecolor="white", markeredgewidth=0.8, clip_on=False,
                          zorder=4)
        used = [x["utilisation"]["mean"] for x in s.servers if x["utilisation"]]
        if used:
            work.plot([min(used), max(used)], [y, y], color=look.GREY, linewidth=1, zorder=2)
    work.set_xlim(0, 1.0)
    look.percent_axis(work.xaxis)
    work.grid(axis="y", visible=False)
    work.tick_params(axis="y", length=0)
    work.set_xlabel("worker time used while connections came")
    work.set_title("How hard did each server work?")
    figure.tight_layout(w_pad=2)
    if len(names) <= 16:
        figure.legend(handles=[Patch(color=look.server(i, len(names)), label=name)
                               for i, name in enumerate(names)],
                      loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=min(len(names), 8))
    return look.svg(figure, "shares", "Share of connections and utilisation of each server")
