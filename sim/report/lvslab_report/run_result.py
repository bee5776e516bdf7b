# SPDX-License-Identifier: GPL-2.0-only
"""What one `lvslab run` found: summary.json and its tables, as rows that pictures can draw."""
import csv
import json
import os

# What a machine's state in timeline.csv is called in a picture.
_NODE_STATES = {"crashed": "crashed", "hung": "hung", "service_stopped": "stopped",
                "daemons_suspended": "suspended"}


class Band:
    """A row of a picture: what something was, from time to time."""

    def __init__(self, state):
        self.spans = []
        self._since, self._state, self._label = 0.0, state, ""

    def change(self, time, state, label=""):
        if (state, label) != (self._state, self._label):
            self.end(time)
            self._since, self._state, self._label = time, state, label

    def end(self, time):
        if self._state is not None and time > self._since:
            self.spans.append((self._since, time, self._state, self._label))
        self._since = time


class Run:
    """One run's result. Rows are [(name, [(begin, end, state, label)])], times in seconds."""

    def __init__(self, folder):
        self._folder = folder
        with open(os.path.join(folder, "summary.json"), encoding="utf-8") as text:
            self.summary = json.load(text)
        if self.summary.get("format") != "lvslab-summary-1":
            raise ValueError("summary.json is no run's")
        self.name = self.summary["scenario"]
        self.end = max(self.summary["duration"] or 0.0, 1e-9)
        self._moments = [(float(row["time"]), row["kind"], row["subject"], row["detail"])
                         for row in self._table("timeline.csv")]

    def _table(self, name):
        path = os.path.join(self._folder, name)
        if not os.path.exists(path):
            return []
        with open(path, newline="", encoding="utf-8") as rows:
            return list(csv.DictReader(rows))

    def has_story(self):
        """Whether routers' daemons ran, or anything broke."""
        return any(kind in ("active", "fault", "node") for _, kind, _, _ in self._moments)

    def expectations(self):
        """The verdicts of expectations.json, or nothing."""
        path = os.path.join(self._folder, "expectations.json")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as text:
            return json.load(text)

    def faults(self):
        return [(time, subject) for time, kind, subject, _ in self._moments if kind == "fault"]

    def takeovers(self):
        return self.summary.get("takeovers") or []

    def router_rows(self):
        """Each router's role; what befell its machine or its daemons lies over it."""
        names = [router["router"] for router in self.summary.get("routers") or []]
        told = {subject for _, kind, subject, _ in self._moments if kind in ("active", "inactive")}
        bands = {name: Band("standby" if told else None) for name in names}
        roles = dict.fromkeys(names, "standby" if told else None)
        troubles = dict.fromkeys(names)
        for time, kind, subject, detail in self._moments:
            if subject not in bands:
                continue
            if kind in ("active", "inactive"):
                roles[subject] = "active" if kind == "active" else "standby"
            elif kind == "node":
                troubles[subject] = _NODE_STATES.get(detail)
                if detail == "crashed":
                    roles[subject] = "standby"
            else:
                continue
            bands[subject].change(time, troubles[subject] or roles[subject])
        return self._closed(bands)

    def address_rows(self):
        """Who held each floating address; two at a time have a row each."""
        bands, holders, down = {}, {}, set()
        for time, kind, subject, detail in self._moments:
            if kind == "raised":
                holders.setdefault(detail, [])
                if subject not in holders[detail]:
                    holders[detail].append(subject)
            elif kind == "lowered" and subject in holders.get(detail, []):
                holders[detail].remove(subject)
            elif kind == "node" and detail == "crashed":
                for held in holders.values():
                    if subject in held:
                        held.remove(subject)
            elif kind == "node" and detail == "hung":
                down.add(subject)
            elif kind == "node" and detail == "up":
                down.discard(subject)
            else:
                continue
            for address, held in holders.items():
                answering = [router for router in held if router not in down]
                band = bands.setdefault(address, Band(None))
                band.change(time, "held" if answering else None, " + ".join(answering))
        return self._closed(bands)

    def server_rows(self):
        """Each real server: in its service or taken out, and what befell its machine."""
        names = [server["server"] for server in self.summary["servers"]]
        bands = {name: Band(None) for name in names}
        troubles = dict.fromkeys(names)
        pools = {}  # by router: the servers in each of its services
        for time, kind, subject, detail in self._moments:
            if kind == "active":
                pools[subject] = {}
            elif kind == "inactive" or (kind == "node" and detail == "crashed" and subject in pools):
                pools.pop(subject, None)
            elif kind in ("put_in", "put_back", "taken_out") and subject in bands:
                service, _, router = detail.rpartition(" at ")
                # What a router takes out once it is no longer active is no news of the server.
                pool = pools.get(router) if kind == "taken_out" else pools.setdefault(router, {})
                if pool is not None:
                    members = pool.setdefault(service, set())
                    (members.discard if kind == "taken_out" else members.add)(subject)
            elif kind == "node" and subject in bands:
                troubles[subject] = _NODE_STATES.get(detail)
            else:
                continue
            for name in names:
                bands[name].change(time, self._server_state(name, pools, troubles[name]))
        return self._closed(bands)

    @staticmethod
    def _server_state(name, pools, trouble):
        if any(name in members for pool in pools.values() for members in pool.values()):
            # A dead server that still gets connections is what one looks for.
            return trouble or "in"
        return "out" if pools else trouble

    def data_rows(self):
        bands, roles, dead = {}, {}, set()
        names = {data["data"] for data in self.summary.get("data_servers") or []}
        for time, kind, subject, detail in self._moments:
            if kind == "data_active":
                roles.setdefault(subject, set()).add(detail)
            elif kind == "data_inactive":
                roles.setdefault(subject, set()).discard(detail)
            elif kind == "node" and subject in names:
                (dead.discard if detail == "up" else dead.add)(subject)
                roles.setdefault(subject, set())
            else:
                continue
            for name, nodes in roles.items():
                band = bands.setdefault(name, Band(None))
                label = " + ".join(sorted(nodes))
                first_alone = nodes == {"first"} and name in dead
                band.change(time, "crashed" if first_alone or not nodes else "held", label)
        return self._closed(bands)

    def heartbeat_rows(self):
        """[("lvs1, private", [(time, running)])]: what each router heard, on each path."""
        rows = {}
        for row in self._table("heartbeats.csv"):
            if row["event"] == "heard":
                beats = rows.setdefault((row["router"], row["path"]), [])
                beats.append((float(row["time"]), row["running"] == "true"))
        return [(f"{router}, {path}", beats) for (router, path), beats in sorted(rows.items())]

    def losses(self):
        """Rows of refusals.csv as numbers, while connections came."""
        rows = []
        for row in self._table("refusals.csv"):
            rows.append({"time": float(row["time"]), "width": float(row["seconds"]),
                         **{key: float(row[key]) / float(row["seconds"])
                            for key in ("refused", "reset", "timed_out")},
                         "served": float(row["served"])})
        while rows and not any(rows[-1][key] for key in ("refused", "reset", "timed_out", "served")):
            rows.pop()
        return rows

    def _closed(self, bands):
        for band in bands.values():
            band.end(self.end)
        return [(name, band.spans) for name, band in bands.items() if band.spans]
