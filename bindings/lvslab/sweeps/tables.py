# SPDX-License-Identifier: GPL-2.0-only
"""points.csv, summary.csv and differences.csv: the same sweep, the same bytes."""
import csv
import io
import os

from . import quantities
from .intervals import interval, paired_difference
from .store import write_whole


def points_table(run):
    """One row a finished run: the point, its parameters, the seed, the quantities, whether the
    scenario's expectations held, and the run's fingerprint."""
    sweep = run.sweep
    head = (["point"] + [p.path for p in sweep.parameters] + ["seed"] + sweep.measures
            + ["held", "fingerprint"])
    rows = []
    for point in run.points:
        for k, outcome in enumerate(point.outcomes):
            if outcome:
                rows.append([point.index, *sweep.points[point.index],
                             sweep.seeds.seed(point.index, k),
                             *(quantities.value_of(outcome["summary"], m) for m in sweep.measures),
                             int(outcome["held"]), point.keys[k]])
    return head, rows


def summary_table(run):
    """One row a point: mean, half-width of the confidence interval and number of values of each
    quantity."""
    sweep = run.sweep
    head = ["point"] + [p.path for p in sweep.parameters] + ["seeds"]
    for m in sweep.measures:
        head += [m, f"{m} half-width", f"{m} n"]
    rows = []
    for point in run.points:
        row = [point.index, *sweep.points[point.index], sum(1 for o in point.outcomes if o)]
        for m in sweep.measures:
            i = interval(run.values(point, m), sweep.seeds.confidence)
            row += [i.mean, i.half_width, i.n]
        rows.append(row)
    return head, rows


def difference_table(run):
    """One row a point: by how much each quantity differs from the baseline's under the same seeds."""
    sweep = run.sweep
    base = run.points[sweep.baseline]
    head = ["point"] + [p.path for p in sweep.parameters]
    for m in sweep.measures:
        head += [m, f"{m} half-width", f"{m} n"]
    rows = []
    for point in run.points:
        row = [point.index, *sweep.points[point.index]]
        for m in sweep.measures:
            i = paired_difference(run.values_by_seed(point, m), run.values_by_seed(base, m),
                                  sweep.seeds.confidence)
            row += [i.mean, i.half_width, i.n]
        rows.append(row)
    return head, rows


def compares(run):
    """Whether differences mean something: several points, under the same seeds."""
    return run.sweep.seeds.paired and len(run.points) > 1


def csv_text(table):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head, rows = table
    writer.writerow(head)
    for row in rows:
        writer.writerow(["" if v is None else repr(v) if isinstance(v, float) else v for v in row])
    return out.getvalue()


def write(run, folder):
    """Writes the tables into the folder."""
    tables = {"points.csv": points_table(run), "summary.csv": summary_table(run)}
    if compares(run):
        tables["differences.csv"] = difference_table(run)
    for name, table in tables.items():
        write_whole(os.path.join(folder, name), csv_text(table).encode("utf-8"))
