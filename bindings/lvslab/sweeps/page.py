# SPDX-License-Identifier: GPL-2.0-only
"""index.html of a sweep: pictures and the summary in one file that needs nothing else."""
import os
from html import escape

from . import pictures, tables
from .store import write_whole

MOST_ROWS = 200

CSS = """
:root { --ink: #1f2328; --grey: #59636e; --rule: #d8dde3; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 28px 24px 64px; }
h1 { font-size: 30px; margin: 0 0 6px; } h2 { font-size: 20px; margin: 40px 0 8px;
  padding-top: 14px; border-top: 1px solid var(--rule); }
p { max-width: 76ch; } .about { color: var(--grey); font-size: 17px; }
.warning { background: #fdf0e6; border-left: 5px solid #d55e00; padding: 12px 18px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
td small { color: var(--grey); }
figure { margin: 18px 0 6px; max-width: 860px; } figure svg { width: 100%; height: auto; }
"""


def write(run, folder):
    """Writes index.html into the folder."""
    write_whole(os.path.join(folder, "index.html"), html(run).encode("utf-8"))


def html(run):
    sweep = run.sweep
    parts = [f"<h1>{escape(sweep.name)}</h1>\n<p class=about>{escape(sweep.about)}</p>\n",
             f"<p>{_facts(run)}</p>\n", _failed(run)]
    if pictures.draws(run):
        parts += [f"<figure>{pictures.measured(run, m)}</figure>\n" for m in sweep.measures]
        if tables.compares(run) and any(len(p.outcomes) > 1 for p in run.points):
            parts.append(_difference_part(run))
    parts.append("<h2>The numbers</h2>\n" + _table(run))
    return ("<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
            f"<title>{escape(sweep.name)}</title><style>{CSS}</style></head><body><main>\n"
            + "".join(parts) + "</main></body></html>\n")


def _facts(run):
    sweep = run.sweep
    share = f"{100 * sweep.seeds.confidence:g} %"
    seeds = sorted({sum(1 for o in p.outcomes if o) for p in run.points})
    many = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return (f"{escape(sweep.scenario)}, {sweep.world} world: {len(run.points)} points, {many} seeds "
            f"each, {'the same at every point' if sweep.seeds.paired else 'others at every point'}. "
            f"Bands and ± are {share} confidence intervals of the mean.")


def _failed(run):
    failed = [p for p in run.points if p.failed]
    if not failed:
        return ""
    items = "".join(f"<li>point {p.index}: {escape(p.failed)}</li>" for p in failed[:20])
    return f"<div class=warning>{len(failed)} points have no result:<ul>{items}</ul></div>\n"


def _difference_part(run):
    sweep = run.sweep
    base = ", ".join(f"{path} = {text}" for path, text in sweep.values_of(sweep.baseline))
    drawn = "".join(f"<figure>{pictures.differences(run, m)}</figure>\n" for m in sweep.measures)
    return (f"<h2>Beside {escape(base)}</h2>\n<p>Differences under the same seeds: what a load does "
            f"to both points alike is not in them.</p>\n{drawn}")


def _table(run):
    sweep = run.sweep
    _, rows = tables.summary_table(run)
    width = 1 + len(sweep.parameters)
    head = ["point"] + [p.path for p in sweep.parameters] + ["seeds"] + sweep.measures
    out = []
    for row in rows[:MOST_ROWS]:
        cells = [escape(str(c)) for c in row[:width + 1]]
        for k in range(len(sweep.measures)):
            cells.append(_cell(*row[width + 1 + 3 * k:width + 3 + 3 * k]))
        out.append("<tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>\n")
    more = "" if len(rows) <= MOST_ROWS else f"<p>{len(rows) - MOST_ROWS} more in summary.csv.</p>\n"
    return ("<div class=scroll><table><tr>" + "".join(f"<th>{escape(h)}</th>" for h in head)
            + "</tr>\n" + "".join(out) + "</table></div>\n" + more)


def _cell(mean, half):
    if mean is None:
        return "–"
    return f"{mean:.4g}" + (f" <small>± {half:.2g}</small>" if half else "")
