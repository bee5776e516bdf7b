# SPDX-License-Identifier: GPL-2.0-only
"""The page: words, tables and pictures in one file that needs nothing else."""
from html import escape

import look
import pictures
import story
from sheet import CSS, figure

COUNTS = ("refused", "reset", "timed_out", "unfinished")
TIMES = (("response_time_p50", "p50"), ("response_time_p95", "p95"), ("response_time_p99", "p99"),
         ("response_time_max", "max"))


def paragraph_list(texts):
    if not texts:
        return ""
    return "<ul class=findings>" + "".join(f"<li>{escape(t)}</li>" for t in texts) + "</ul>\n"


def cell(value, width):
    """A table cell: the mean, and below it half of its interval."""
    return f"{value}<small>{width or '&nbsp;'}</small>"


def count(scheduler, metric):
    mean, half = scheduler.mean(metric), scheduler.half_width(metric)
    if mean is None:
        return "–"
    thin_space = "\u202f"
    width = f"± {half:,.0f}" if half else ""
    return cell(f"{mean:,.0f}".replace(",", thin_space), width.replace(",", thin_space))


def time(scheduler, metric):
    mean = scheduler.mean(metric)
    return "–" if mean is None else cell(*look.seconds_within(mean, scheduler.half_width(metric)))


def number(scheduler, metric, factor, digits):
    mean, half = scheduler.mean(metric), scheduler.half_width(metric)
    if mean is None:
        return "–"
    wide = half is not None and round(factor * half, digits) > 0
    return cell(f"{factor * mean:.{digits}f}", f"± {factor * half:.{digits}f}" if wide else "")


def size(value):
    if value is None:
        return "–"
    for limit, factor, unit in ((1e3, 1, "B"), (1e6, 1e3, "kB"), (1e9, 1e6, "MB"),
                                (1e300, 1e9, "GB")):
        if value < limit:
            return f"{value / factor:.3g} {unit}"
    return ""


def numbers_table(c):
    # A column of zeros says less than no column.
    lost = [m for m in COUNTS if m in ("refused", "timed_out")
            or any((s.mean(m) or 0) > 0 for s in c.schedulers)]
    # The flow world has no packets to count.
    sent = any((s.mean("router_bytes") or 0) > 0 for s in c.schedulers)
    head = (["", "served"] + [m.replace("_", " ") for m in lost] + [name for _, name in TIMES]
            + ["imbalance", "Jain", "used %"] + ["router sent"] * sent)
    rows = []
    best = c.best()
    for s in c.best_first():
        cells = [escape(s.name), count(s, "served")] + [count(s, m) for m in lost]
        cells += [time(s, metric) for metric, _ in TIMES]
        cells += [number(s, "imbalance", 1, 2), number(s, "jain", 1, 3),
                  number(s, "utilisation", 100, 1)]
        cells += [cell(size(s.mean("router_bytes")), "")] * sent
        kind = " class=best" if s.name in best else ""
        rows.append(f"<tr{kind}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return ("<div class=scroll><table><thead><tr>" + "".join(f"<th>{h}</th>" for h in head)
            + "</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>\n")


def difference_cell(d, row, column):
    if d["p95_ratio"] is None:
        return "<td>–</td>"
    if d["identical"]:
        return "<td class=alike>=</td>"
    ratio = d["p95_ratio"] if d["a"] == column else 1 / d["p95_ratio"]
    digits = 2 if ratio < 10 else 0
    text = f"{ratio:.{digits}f}×"
    if not d["significant"]:
        return f"<td class=alike title='p = {d['p_p95'] or 1:.3g}'>({text})</td>"
    # Where the p95 is alike, it is the share of connections served that differs.
    if d["p_p95"] is None or d["p_p95"] >= 0.05:
        return f"<td title='they serve different shares of the connections'>{text} *</td>"
    kind = "slower" if ratio > 1 else "faster"
    return f"<td class={kind} title='p = {d['p_p95']:.3g}'>{text}</td>"


def differences_table(c):
    order = c.best_first()
    head = "".join(f"<th>{escape(s.name)}</th>" for s in order)
    rows = []
    for s in order:
        cells = [f"<td>{escape(s.name)}</td>"]
        for other in order:
            d = c.difference(s.name, other.name)
            cells.append("<td class=self></td>" if s is other
                         else difference_cell(d, s.name, other.name))
        rows.append("<tr>" + "".join(cells) + "</tr>")
    return (f"<div class=scroll><table><thead><tr><th>p95 against</th>{head}</tr></thead><tbody>\n"
            + "\n".join(rows) + "\n</tbody></table></div>\n")


def duration(value):
    return f"{value:g} s"


def setup_section(c):
    services = "".join(
        f"<li>Virtual service <b>{escape(s['service'])}</b>: {escape(s['at'])}"
        + (f", persistent for {duration(s['persistent'])}" if s["persistent"] else "") + "</li>"
        for s in c.setup["services"])
    weights = {s["server"]: s["weight_share"] for s in c.schedulers[0].servers}
    servers = "".join(
        f"<tr><td>{escape(s['server'])}</td><td>{100 * weights.get(s['server'], 0):.1f} %</td>"
        f"<td>{s['workers']}</td>"
        f"<td>{'unbounded' if s['queue'] is None else s['queue']}</td>"
        f"<td>{look.seconds(s['mean_work'])}</td></tr>"
        for s in c.setup["servers"])
    workloads = "".join(
        f"<li>Workload <b>{escape(w['workload'])}</b>: from {escape(w['from'])}, "
        f"{duration(w['start'])} to {duration(w['start'] + w['length'])}, {w['requests']} request"
        f"{'' if w['requests'] == 1 else 's'} a connection, given up after "
        f"{duration(w['timeout'])}</li>"
        for w in c.setup["workloads"])
    rules = "".join(f"<tr><td>{escape(s.name)}</td><td class=words>{escape(s.rule)}</td></tr>"
                    for s in c.schedulers)
    runs = "".join(
        f"<tr><td>{escape(s.name)}</td><td>{run['seed']}</td><td><code>{escape(run['folder'])}</code>"
        f"</td><td><code>{run['fingerprint']}</code></td></tr>"
        for s in c.schedulers for run in s.runs)
    return f"""<h2>What was run</h2>
<ul class=findings>{services}{workloads}</ul>
<div class=scroll><table><thead><tr><th>real server</th><th>of the weight</th><th>workers</th>
<th>queue</th><th>mean work of a request</th></tr></thead><tbody>{servers}</tbody></table></div>
<details open><summary>The algorithms, in a few words</summary>
<div class=scroll><table><tbody>{rules}</tbody></table></div></details>
<details><summary>The runs, with their journals' fingerprints</summary>
<p>The same scenario, configuration and seed give the same journal, byte for byte.
<code>lvslab journal FOLDER/journal.lvsj</code> prints one as JSON lines.</p>
<div class=scroll><table><thead><tr><th>algorithm</th><th>seed</th><th>folder</th>
<th>fingerprint</th></tr></thead><tbody>{runs}</tbody></table></div></details>
"""


def failures_section(c):
    if not c.failures:
        return ""
    parts = [f"<p><b>{escape(f['run'])}</b>: {escape(f['how'])}</p>"
             f"<pre>{escape(f['errors'] or '(it wrote nothing)')}</pre>" for f in c.failures]
    return "<h2>Runs that failed</h2>\n" + "\n".join(parts)


def facts(c):
    servers = len(c.setup["servers"])
    items = [("network", c.setup["network"]), ("real servers", servers),
             ("client addresses", c.setup["clients"]), ("algorithms", len(c.schedulers)),
             ("repetitions", c.repetitions), ("lvs.cf", c.config)]
    return ("<ul class=facts>" + "".join(f"<li>{escape(name)} <b>{escape(str(value))}</b></li>"
                                         for name, value in items) + "</ul>\n")


def captions(c):
    one = c.repetitions < 2
    return {
        "quantiles": "Look at the filled dots: 95 of 100 responses came at least that fast. "
                     + ("There is one repetition, so nothing says how much of a difference is chance."
                        if one else "Bars are 95 % confidence intervals of the mean over repetitions. "
                        "Two bars that overlap may still differ, since both algorithms met the same "
                        "load in each repetition: the table of differences decides.")
                     + " Bold: the algorithms that the verdict is for.",
        "response_times": "Left: a curve further to the left is better; where it flattens early, some "
                          "clients waited much longer than the rest. Right: the same, with the slowest "
                          "responses spread out; follow a line at p99 to the curve. All repetitions "
                          "together; algorithms that behaved identically share a line.",
        "load": "Requests in each server, in service and waiting, "
                + ("in the one run." if one else "mean over repetitions.")
                + " Lines that stay together mean an even load; a line that climbs above the dashed "
                "one is a server whose queue grows while others may be idle."
                + (" Dotted: a server leaves the pool, or comes back."
                   if any(s.pool_changes() for s in c.schedulers) else ""),
        "shares": "Left: numbers are percent of the connections; dashed lines are where the weights "
                  "would cut. A bar that leaves them gave a server more or less than its weight asks "
                  "for, which a least-connection algorithm does on purpose when a server is quicker "
                  "or slower than its weight says. Right: dots of a row that lie together are servers "
                  "that worked equally hard; a dot near 100 % had no time left.",
    }


def render(c):
    caption = captions(c)
    answered = any(s.mean("response_time_p95") is not None for s in c.schedulers)
    parts = [f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(c.name)}: scheduling algorithms compared</title>
<style>{CSS}</style>
</head>
<body><main>
<h1>Which algorithm serves <em>{escape(c.name)}</em> best?</h1>
<p class=about>{escape(c.about)}</p>
"""]
    parts.append(facts(c))
    for text in c.texts("incomplete"):
        parts.append(f"<div class=warning>{escape(text)}</div>\n")
    verdict = "".join(f"<p>{escape(text)}</p>" for text in c.texts("verdict"))
    parts.append(f"<div class=verdict>{verdict}</div>\n")
    parts.append(paragraph_list(c.texts("loss") + c.texts("same")))
    limits = c.texts("limit") + c.texts("scenario")
    if limits:
        parts.append("<h2>What this scenario can and cannot show</h2>\n" + paragraph_list(limits))
    parts.append("<h2>The numbers</h2>\n" + numbers_table(c))
    parts.append("<p class=about style='font-size:14.5px'>Best first: by connections "
                 "served, then by p95. Connections and times are means over repetitions, ± half of the 95 % confidence interval. Imbalance: the "
                 "most connections per unit of weight that a server got, over the mean; 1 is even. "
                 "Jain: 1 is even, 1/servers is all to one. Used: worker time used over worker time "
                 "there was, while connections came.</p>\n")
    run = c.first_run()
    if run.faults():
        parts.append(f"<h2>What happened when, with {escape(c.best_first()[0].name)}</h2>\n"
                     + story.tell(run))
    if answered:
        parts.append("<h2>Response times</h2>\n")
        parts.append(figure(pictures.quantiles(c), caption["quantiles"]))
        parts.append(figure(pictures.response_times(c), caption["response_times"]))
    parts.append("<h2>The servers</h2>\n")
    parts.append(figure(pictures.shares(c), caption["shares"]))
    parts.append(figure(pictures.load_over_time(c), caption["load"]))
    if len(c.schedulers) > 1 and c.repetitions > 1 and answered:
        parts.append("<h2>Which differences are real?</h2>\n" + differences_table(c))
        parts.append("<p class=about style='font-size:14.5px'>How many times as long the p95 of the "
                     "row is as that of the column. Coloured: a significant difference (blue: the row "
                     "is quicker). In brackets: it may be chance. “=”: the runs are identical. "
                     "“*”: only the share of connections served differs.</p>\n")
    parts.append("".join(f"<p>{escape(t)}</p>\n" for t in c.texts("method")))
    parts.append(failures_section(c))
    parts.append(setup_section(c))
    parts.append("</main></body>\n</html>\n")
    return "".join(parts)
