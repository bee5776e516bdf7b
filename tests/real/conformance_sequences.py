# SPDX-License-Identifier: GPL-2.0-only
"""Random sequences for conformance.py: what administrators, clients and servers do to one service.

A sequence is a function of a seed, a scheduler and a number. Kept away from what is known not to
be determined, or not to be a decision of IPVS (tests/real/README.md, "What to know"): a server
reached by direct routing keeps its method, and expire_nodest_conn stays off.
"""
from scenario_script import DETERMINISTIC, FALLBACK, ONE_PACKET, PORT, Script

SCHEDULERS = DETERMINISTIC + ["twos"]
BY_DESTINATION = {"dh", "lblc", "lblcr"}  # one address alone would always go to one server
WEIGHTS = [[1], [1, 2, 3], [0, 1, 2, 3, 5], [0, 0, 4, 6], [1, 10, 100, 1000], [3, 7, 11, 65535]]
LIMITS = [[(0, 0)], [(0, 0)], [(0, 0)], [(0, 0), (3, 1), (9, 0)], [(2, 1), (5, 2), (40, 20)]]
METHODS = [["nat"], ["nat"], ["dr"], ["tun"], ["nat", "dr", "tun"]]
TIMEOUTS = ["60 20 30", "30 5 10", "900 120 300", "100 8 40", "0 0 0"]


def decisions_of(lines):
    """First packets of connections: what the recordings call decisions."""
    seen = set()
    for line in lines:
        words = line.split()
        if words[0] == "in" and words[1] in "SU":
            seen.add((words[1], words[2], words[3]))
    return len(seen)


class Sequence:
    """Draws what the service is and how it fares, then the steps."""

    def __init__(self, seed, scheduler, number, arrivals):
        name = f"lvslab conformance {seed} {scheduler} {number}"
        self.script = Script(name)
        self.r = self.script.random
        self.scheduler = scheduler
        self.arrivals = arrivals

    def lines(self):
        s, r = self.script, self.r
        self.draw_service()
        self.weights = r.choice(WEIGHTS)
        self.limits = r.choice(LIMITS)
        self.methods = r.choice(METHODS)
        s.handshake = r.choice([0, 0, 0.2, 0.8])
        self.strays = r.choice([0, 0, 0.1, 0.3])
        self.closing = r.choice([0, 0.3, 0.5, 0.8, 0.95])
        for number in range(r.choice([1, 2, 3, 5, 8, 12])):
            upper, lower = r.choice(self.limits)
            s.server(number, r.choice(self.weights), r.choice(self.methods), port=self.port,
                     u=upper, l=lower)
        s.run(self.arrivals, r.choice([3, 5, 8, 20, 60]), self.change, closing=0,
              pause=r.choice([0, 0.003, 0.01, 0.03]),
              longest=r.choice([3000, 12000, 40000, 130000]), virtual=self.virtual,
              start=self.start)
        return s.lines

    def draw_service(self):
        s, r = self.script, self.r
        s.v6 = r.random() < 0.15
        by_mark = r.random() < (0.7 if self.scheduler in BY_DESTINATION else 0.1)
        self.udp = not by_mark and r.random() < 0.2
        self.port = 0 if by_mark else 80
        self.addresses = r.choice([5, 30, 119]) if by_mark else 1
        flags = r.choice([0, 0, FALLBACK, PORT, FALLBACK | PORT])
        if self.scheduler not in ("sh", "mh"):
            flags = 0
        if self.udp and r.random() < 0.3:
            flags |= ONE_PACKET
        extra = f"flags={flags:#x}" if flags else ""
        if not flags & ONE_PACKET and r.random() < 0.12:
            extra += f" pers={r.choice([20, 60, 300])}"
            extra += self.mask()
        s(f"timeout {r.choice(TIMEOUTS)}")
        if by_mark:
            s("mark fd00:255::/64 7" if s.v6 else "mark 10.255.0.0/24 7")
            s.service(self.scheduler, kind="fwm6" if s.v6 else "fwm", address="7", port=0,
                      extra=extra)
        else:
            s.service(self.scheduler, kind="udp" if self.udp else "tcp", extra=extra)

    def mask(self):
        if self.script.v6:
            return self.r.choice(["", " mask=64"])
        return self.r.choice(["", " mask=255.255.255.0"])

    def virtual(self):
        number = self.r.randrange(1, self.addresses + 1)
        return f"[fd00:255::{number:x}]:80" if self.script.v6 else f"10.255.0.{number}:80"

    def start(self, virtual):
        s, r = self.script, self.r
        if self.udp:
            s.datagram(virtual)
        else:
            s.arrive(virtual)
        if r.random() < self.strays:
            self.stray()
        if r.random() < self.closing and not self.udp:
            s.close()

    def stray(self):
        """A packet of a connection that is there, or was."""
        s, r = self.script, self.r
        flow = r.choice(s.open[-40:] + s.closed[-40:])
        if self.udp:
            (s.packet if r.random() < 0.7 else s.answer)("U", flow)
        elif r.random() < 0.6:
            s.packet(r.choice(["A", "PA", "FA", "R", "S"]), flow)
        else:
            s.answer(r.choice(["A", "SA", "FA", "R"]), flow)

    def change(self):
        s, r = self.script, self.r
        if r.random() < 0.05:
            s(f"timeout {r.choice(TIMEOUTS)}")
        elif r.random() < 0.02:
            s("conns")
        else:
            s.change(self.weights, self.methods, self.limits, port=self.port,
                     keep=r.choice([0, 1, 2]), most=12)


def sequences(seed, scheduler, decisions, arrivals=1000):
    """(name, lines, decisions) of as many sequences as make up that number of decisions."""
    made = []
    total = 0
    while total < decisions:
        number = len(made)
        length = min(arrivals, max(10, decisions - total))
        lines = Sequence(seed, scheduler, number, length).lines()
        count = decisions_of(lines)
        made.append((f"{scheduler}_{seed}_{number:03d}", lines, count))
        total += count
    return made
