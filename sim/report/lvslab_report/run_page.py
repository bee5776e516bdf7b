# SPDX-License-Identifier: GPL-2.0-only
"""The page of one run: its failover story as a picture, and its numbers."""
from html import escape

import look
import story
from page import COUNTS, TIMES
from sheet import CSS


def _table(head, rows):
    if not rows:
        return ""
    cells = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
                    for row in rows)
    return ("<div class=scroll><table><thead><tr>" + "".join(f"<th>{escape(h)}</th>" for h in head)
            + f"</tr></thead><tbody>\n{cells}\n</tbody></table></div>\n")


def _seconds(value):
    return "–" if value is None else look.seconds(value)


def _count(value):
    return "–" if value is None else f"{value:g}"


def _value(value, unit):
    if value is None:
        return "–"
    if unit == "s":
        return look.seconds(value)
    return f"{100 * value:.4g} %" if unit == "share" else f"{value:.6g} {unit}".strip()


def _found(e):
    if e["missing"]:
        return e["missing"]
    low, high = (_value(e[key], e["unit"]) for key in ("low", "high"))
    return low if low == high else f"{low} to {high}"


def _expectations(run):
    found = run.expectations() or {}
    rows = [(e["text"], _found(e), "holds" if e["holds"] else
             "FAILS" if e["decided_by_one_run"] else "decided over several runs")
            for e in found.get("expectations", [])]
    broken = "".join(f"<div class=warning>{escape(v['text'])}</div>\n"
                     for v in found.get("first_violations", []))
    return _table(("expected", "found", ""), rows) + broken


def _clients(summary):
    rows = []
    for row in [dict(summary["total"], workload="(all)")] + summary["workloads"]:
        rows.append([row["workload"], row["connections"], row["served"]]
                    + [row[key] for key in COUNTS] + [_seconds(row[key]) for key, _ in TIMES]
                    + [_seconds(row.get("outage"))])
    head = (["workload", "connections", "served"] + [c.replace("_", " ") for c in COUNTS]
            + [name for _, name in TIMES] + ["outage"])
    return _table(head, rows)


def _routers(summary):
    keys = (("router", "router", str), ("keepalive", "keepalive", _seconds),
            ("deadtime", "deadtime", _seconds), ("role_changes", "role changes", _count),
            ("active_time", "active", _seconds), ("heartbeats_sent_public", "sent, public", _count),
            ("heartbeats_sent_private", "sent, private", _count), ("announcements", "ARPs", _count),
            ("checks", "checks", _count), ("checks_failed", "failed", _count))
    rows = [[word(r.get(key)) for key, _, word in keys] for r in summary.get("routers") or []]
    return _table([name for _, name, _ in keys], rows)


def _servers(summary):
    rows = [(s["server"], s["weight"], s["connections"],
             "–" if s["share"] is None else f"{100 * s['share']:.1f} %", s["served"],
             _seconds(s.get("down_time")), _count(s.get("given_while_down")))
            for s in summary["servers"]]
    return _table(("real server", "weight", "connections", "share", "served", "down for",
                   "given while down"), rows)


def render(run):
    summary = run.summary
    facts = [("world", summary["world"]), ("scheduler", summary["scheduler"] or "as the lvs.cf says"),
             ("seed", summary["seed"]), ("length", f"{run.end:g} s")]
    parts = [f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(run.name)}: one run</title>
<style>{CSS}</style>
</head>
<body><main>
<h1><em>{escape(run.name)}</em>: one run</h1>
<ul class=facts>{"".join(f"<li>{name} <b>{escape(str(value))}</b></li>" for name, value in facts)}</ul>
"""]
    told = story.tell(run)
    if told:
        parts.append("<h2>What happened when</h2>\n" + told)
    expected = _expectations(run)
    if expected:
        parts.append("<h2>What was expected</h2>\n" + expected)
    parts.append("<h2>What clients saw</h2>\n" + _clients(summary))
    parts.append("<p class=about style='font-size:14.5px'>Outage: the longest time in which at least "
                 "one client waited and none got an answer.</p>\n")
    routers = _routers(summary)
    if routers:
        parts.append("<h2>The routers</h2>\n" + routers)
    parts.append("<h2>The real servers</h2>\n" + _servers(summary))
    parts.append("</main></body>\n</html>\n")
    return "".join(parts)
