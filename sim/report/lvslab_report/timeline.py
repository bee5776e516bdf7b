# SPDX-License-Identifier: GPL-2.0-only
"""The failover timeline: roles, addresses, servers, heartbeats and lost connections on one axis."""
from matplotlib.patches import Patch

import look
from look import pyplot

WIDTH = 10.0
ROW = 0.30  # inches of a row

# What a band may show, with its colour and the word of the legend, in the legend's order.
STATES = {
    "active": ("#0072B2", "active"),
    "standby": ("#c9dcea", "standing by"),
    "held": ("#0072B2", None),
    "in": ("#009E73", "in its service"),
    "out": ("#d8dde3", "taken out"),
    "suspended": ("#CC79A7", "daemons suspended"),
    "hung": ("#7F5AA8", "hung"),
    "stopped": ("#F0E442", "application stopped"),
    "crashed": ("#1f2328", "crashed"),
}
LOST = (("refused", "#D55E00"), ("reset", "#CC79A7"), ("timed_out", "#7F5AA8"))


def _row(axes, y, spans, height=0.62):
    for begin, end, state, label in spans:
        colour, _ = STATES[state]
        axes.barh(y, end - begin, left=begin, height=height, color=colour, linewidth=0)
        if label and end > begin:
            dark = state in ("active", "held", "crashed", "hung")
            text = axes.text((begin + end) / 2, y, label, ha="center", va="center", fontsize=7.5,
                             color="white" if dark else look.INK, clip_on=True)
            text.set_in_layout(False)


def _section(axes, title, rows, end):
    """A panel of bands, one a row, named at the left."""
    for y, (_, spans) in enumerate(rows):
        _row(axes, y, spans)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_xlim(0, end)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(title)
    axes.spines["left"].set_visible(False)


def _heartbeats(axes, rows, end):
    """A tick a heartbeat: dark says "running", light says "stopped"."""
    for y, (_, beats) in enumerate(rows):
        for running, colour in ((False, "#9aa4af"), (True, "#0072B2")):
            times = [time for time, is_running in beats if is_running == running]
            axes.vlines(times, y - 0.32, y + 0.32, color=colour, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, end)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_title("Heartbeats heard  (blue: the partner says that it is active, grey: that it stands by)")
    axes.spines["left"].set_visible(False)


def _lost(axes, rows, end):
    """Connections lost in each second, by the time at which they were opened or ended."""
    bottom = [0.0] * len(rows)
    for name, colour in LOST:
        values = [row[name] for row in rows]
        if any(values):
            axes.bar([row["time"] for row in rows], values, width=[row["width"] for row in rows],
                     bottom=bottom, align="edge", color=colour, linewidth=0,
                     label=name.replace("_", " "))
        bottom = [b + v for b, v in zip(bottom, values)]
    served = [(row["time"] + row["width"] / 2, row["served"] / row["width"]) for row in rows]
    lost_most = max((b for b in bottom), default=0)
    axes.set_ylim(0, 1.15 * lost_most if lost_most else 1)
    axes.set_xlim(0, end)
    axes.set_title("Connections lost each second (bars) and served (line)")
    axes.set_ylabel("lost /s")
    twin = axes.twinx()
    twin.plot([t for t, _ in served], [v for _, v in served], color="#009E73", linewidth=1.2)
    twin.set_ylim(bottom=0)
    twin.set_ylabel("served /s", color="#009E73")
    twin.grid(visible=False)
    twin.spines["top"].set_visible(False)
    if lost_most:
        axes.legend(loc="upper left", ncol=3, fontsize=7.5)


def _mark_faults(panels, faults):
    """A line through every panel for each fault; its words stand above the first."""
    levels = []  # the end of the last text on each level, so that texts do not cover each other
    begin, end = panels[0].get_xlim()
    for time, words in sorted(faults):
        for axes in panels:
            axes.axvline(time, color="#D55E00", linewidth=0.9, linestyle=(0, (3, 2)), zorder=5)
        width = 0.0095 * len(words) * (end - begin)
        x = min(time, end - width)
        level = next((i for i, last in enumerate(levels) if last < x), len(levels))
        if level == len(levels):
            levels.append(0.0)
        levels[level] = x + width
        panels[0].annotate(words, (x, 1), xycoords=("data", "axes fraction"),
                           xytext=(0, 16 + 11 * level), textcoords="offset points", fontsize=7.5,
                           color="#b04a00", ha="left", va="bottom")
    return len(levels)


def picture(run, name="timeline"):
    """An SVG element; `run` is a run_result.Run with a failover story."""
    end = run.end
    sections = [("Routers", run.router_rows()), ("Floating addresses", run.address_rows()),
                ("Real servers", run.server_rows()), ("Data servers", run.data_rows())]
    sections = [(title, rows) for title, rows in sections if rows]
    beats = run.heartbeat_rows()
    lost = run.losses()
    heights = [len(rows) * ROW + 0.12 for _, rows in sections]
    heights += [len(beats) * ROW + 0.12] if beats else []
    heights += [1.35] if lost else []
    figure, panels = pyplot.subplots(len(heights), 1, sharex=True, squeeze=False,
                                     figsize=(WIDTH, sum(heights) + 0.42 * len(heights) + 0.7),
                                     gridspec_kw={"height_ratios": heights})
    panels = [row[0] for row in panels]
    used = set()
    for axes, (title, rows) in zip(panels, sections):
        _section(axes, title, rows, end)
        used |= {span[2] for _, spans in rows for span in spans}
    rest = panels[len(sections):]
    if beats:
        _heartbeats(rest[0], beats, end)
        rest = rest[1:]
    if lost:
        _lost(rest[0], lost, end)
    _mark_faults(panels, run.faults())
    panels[-1].set_xlabel("time (s)")
    figure.tight_layout(h_pad=0.6)
    handles = [Patch(color=colour, label=word) for state, (colour, word) in STATES.items()
               if state in used and word]
    figure.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0),
                  ncol=min(len(handles), 8) or 1, fontsize=8)
    return look.svg(figure, name, "What each router, address and server did over time")
