# SPDX-License-Identifier: GPL-2.0-only
"""What `lvslab compare` found: summary.json, and the tables of the runs that it names."""
import csv
import json
import os

import run_result


class Scheduler:
    """One algorithm over its repetitions."""

    def __init__(self, folder, data):
        self.name = data["scheduler"]
        self.rule = data["rule"]
        self.metrics = data["metrics"]
        self.servers = data["servers"]
        self.runs = data["runs"]
        self._folders = [os.path.join(folder, run["folder"]) for run in data["runs"]]

    def run_folder(self, repetition):
        return self._folders[repetition]

    def mean(self, metric):
        """The metric's mean over repetitions, or None."""
        return self.metrics[metric] and self.metrics[metric]["mean"]

    def half_width(self, metric):
        return self.metrics[metric] and self.metrics[metric]["half_width"]

    def values(self, metric):
        return self.metrics[metric]["values"] if self.metrics[metric] else []

    def _rows(self, table):
        for folder in self._folders:
            with open(os.path.join(folder, table), newline="", encoding="utf-8") as rows:
                yield list(csv.DictReader(rows))

    def response_time_counts(self):
        """[(seconds, responses)] of all repetitions together, in order of time."""
        counts = {}
        for rows in self._rows("response_times.csv"):
            for row in rows:
                if row["workload"] == "(all)":
                    to = float(row["to"])
                    counts[to] = counts.get(to, 0) + int(row["responses"])
        return sorted(counts.items())

    def load(self):
        """{server: [(time, requests in it)]}, the mean over repetitions."""
        sums = {}
        for rows in self._rows("load.csv"):
            for row in rows:
                at = sums.setdefault(row["server"], {}).setdefault(float(row["time"]), [0.0, 0])
                at[0] += float(row["busy"]) + float(row["queued"])
                at[1] += 1
        return {
            server: [(time, total / n) for time, (total, n) in sorted(points.items())]
            for server, points in sums.items()
        }

    def pool_changes(self):
        """[(time, what)] of the first repetition, after the start."""
        words = {"added": "back", "removed": "out"}
        changes = {}
        for row in next(self._rows("pool.csv"), []):
            if float(row["time"]) > 0:
                what = words.get(row["change"]) or "weight " + row["weight"]
                text = f"{row['server']} {what}"
                changes.setdefault((float(row["time"]), text))
        return list(changes)


class Comparison:
    def __init__(self, folder):
        with open(os.path.join(folder, "summary.json"), encoding="utf-8") as text:
            data = json.load(text)
        if data.get("format") != "lvslab-comparison-1":
            raise ValueError("summary.json is no comparison's")
        self.name = data["scenario"]
        self.about = data["about"]
        self.config = data["config"]
        self.complete = data["complete"]
        self.planned = data["runs_planned"]
        self.finished = data["runs_finished"]
        self.setup = data["setup"]
        self.findings = data["findings"]
        self.differences = data["differences"]
        self.failures = data["failures"]
        self.schedulers = [Scheduler(folder, s) for s in data["schedulers"]]

    @property
    def repetitions(self):
        return max(len(s.runs) for s in self.schedulers)

    def first_run(self):
        """The first repetition of the best algorithm."""
        return run_result.Run(self.best_first()[0].run_folder(0))

    def texts(self, kind):
        return [f["text"] for f in self.findings if f["kind"] == kind]

    def best(self):
        """Names of the algorithms that the verdict is for."""
        return next((f["schedulers"] for f in self.findings if f["kind"] == "verdict"), [])

    def best_first(self):
        """The algorithms as the verdict ranks them: by the share of connections served (what is
        less than one in a thousand counts as alike), then by p95; those without a response last."""
        def rank(s):
            connections = s.mean("connections")
            served = (s.mean("served") or 0) / connections if connections else 0
            return -round(served, 3), s.mean("response_time_p95") or float("inf")
        return sorted(self.schedulers, key=rank)

    def difference(self, a, b):
        for d in self.differences:
            if {d["a"], d["b"]} == {a, b}:
                return d
        return None

    def groups(self, schedulers):
        """Lists of algorithms that behaved identically, in the order given."""
        groups = []
        for s in schedulers:
            for group in groups:
                if self.difference(group[0].name, s.name)["identical"]:
                    group.append(s)
                    break
            else:
                groups.append([s])
        return groups
