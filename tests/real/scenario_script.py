# SPDX-License-Identifier: GPL-2.0-only
"""A scenario script in the making, and the list of scenarios."""
import random

DETERMINISTIC = ["rr", "wrr", "lc", "wlc", "sed", "nq", "lblc", "lblcr", "dh", "sh", "mh", "fo",
                 "ovf"]
PERSISTENT, ONE_PACKET, FALLBACK, PORT = 0x1, 0x4, 0x8, 0x10
SCENARIOS = {}


def scenario(name, what):
    """Registers a function that fills a Script."""
    def register(function):
        SCENARIOS[name] = (function, what)
        return function
    return register


def host(v6, number):
    """Real server `number` (from 0)."""
    return f"[fd00:1::{number + 16:x}]" if v6 else f"10.1.0.{number + 10}"


class Script:
    """A script in the making: the lines, and what the one who writes it remembers."""

    def __init__(self, seed, v6=False):
        self.random = random.Random(seed)
        self.lines = []
        self.v6 = v6
        self.vip = "[fd00:255::1]:80" if v6 else "10.255.0.1:80"
        self.direct = {}  # (service, server number) -> reached by direct routing
        self.servers = {}  # service -> {endpoint: words after it}
        self.open = []  # (client, virtual)
        self.closed = []
        self.fresh = 0  # number of the next new real server
        self.handshake = 0.8  # of the SYNs that is completed

    def __call__(self, line):
        self.lines.append(line.rstrip())

    # ---- administration
    def service(self, scheduler, name="T", kind="tcp", port=80, extra="", address=None, op="svc+"):
        address = address or ("fd00:255::1" if self.v6 else "10.255.0.1")
        self(f"{op} {name} {kind} {address} {port} {scheduler} {extra}")
        self.servers.setdefault(name, {})

    def remove_service(self, name="T"):
        self(f"svc- {name}")
        self.servers.pop(name)

    def server(self, number, weight=1, method="nat", name="T", port=80, u=0, l=0, op="dst+"):
        # Once reached by direct routing, always so: the kernel's route cache of a server is shared
        # by its entries, and one filled by NAT or a tunnel loses the packets of direct routing.
        direct = self.direct.setdefault((name, number), method == "dr")
        method = "dr" if direct else ("nat" if method == "dr" else method)
        endpoint = f"{host(self.v6, number)}:{port}"
        limits = f" u={u} l={l}" if u or l else ""
        self(f"{op} {name} {endpoint} {method} {weight}{limits}")
        self.servers[name][endpoint] = (number, method)
        self.fresh = max(self.fresh, number + 1)
        return endpoint

    def edit(self, endpoint, weight, method=None, name="T", u=0, l=0):
        number, old = self.servers[name][endpoint]
        if method and "dr" in (method, old):
            method = old
        limits = f" u={u} l={l}" if u or l else ""
        self(f"dst= {name} {endpoint} {method or old} {weight}{limits}")
        self.servers[name][endpoint] = (number, method or old)

    def remove(self, endpoint, name="T"):
        self(f"dst- {name} {endpoint}")
        self.servers[name].pop(endpoint)

    def any_server(self, name="T"):
        return self.random.choice(sorted(self.servers[name]))

    # ---- traffic
    def client(self, few=0.4):
        r = self.random
        if self.v6:
            net = r.randrange(1, 30) if r.random() < few else r.randrange(0x1000, 0xFFFF)
            return f"[fd00:20:{net:x}::{r.randrange(1, 0xFFFF):x}]:{r.randrange(1024, 65535)}"
        if r.random() < few:
            return f"192.168.7.{r.randrange(1, 40)}:{r.randrange(1024, 65535)}"
        return (f"172.{r.randrange(16, 32)}.{r.randrange(256)}.{r.randrange(1, 255)}:"
                f"{r.randrange(1024, 65535)}")

    def packet(self, flags, flow):
        self(f"in {flags} {flow[0]} {flow[1]}")

    def answer(self, flags, flow):
        self(f"rs {flags} {flow[0]} {flow[1]}")

    def arrive(self, virtual=None, client=None, few=0.4):
        """A SYN, and mostly the rest of the handshake."""
        flow = (client or self.client(few), virtual or self.vip)
        self.packet("S", flow)
        if self.random.random() < self.handshake:
            self.answer("SA", flow)
            self.packet("A", flow)
        self.open.append(flow)
        return flow

    def datagram(self, virtual=None, client=None):
        flow = (client or self.client(), virtual or self.vip)
        self.packet("U", flow)
        self.open.append(flow)
        return flow

    def close(self, flow=None):
        """One of the ways in which a TCP connection ends."""
        if flow is None:
            if not self.open:
                return
            flow = self.open.pop(self.random.randrange(len(self.open)))
        self.closed.append(flow)
        way = self.random.randrange(7)
        if way == 0:
            self.packet("FA", flow)
            self.answer("FA", flow)
            self.packet("A", flow)
        elif way == 1:
            self.answer("FA", flow)
            self.packet("FA", flow)
            self.answer("A", flow)
        elif way == 2:
            self.packet("R", flow)
        elif way == 3:
            self.answer("R", flow)
        elif way == 4:
            self.packet("FA", flow)
        elif way == 5:
            self.packet("FA", flow)
            self.packet("RA", flow)
        else:
            self.answer("FA", flow)

    def sleep(self, ms):
        self(f"sleep {int(ms)}")

    def end(self):
        self("cnt")
        self("conns")

    # ---- what an administrator does in a bad week
    def change(self, weights, methods=("nat",), limits=((0, 0),), name="T", port=80, keep=2,
               most=12):
        r = self.random
        listed = self.servers[name]
        what = r.random()
        u, l = r.choice(limits)
        if what < 0.25 and len(listed) < most:
            number = r.randrange(self.fresh) if r.random() < 0.5 else self.fresh
            if f"{host(self.v6, number)}:{port}" not in listed:
                self.server(number, r.choice(weights), r.choice(methods), name, port, u, l)
                return
        if what < 0.45 and len(listed) > keep:
            self.remove(self.any_server(name), name)
            return
        if listed:
            self.edit(self.any_server(name), r.choice(weights), None, name, u, l)

    def run(self, arrivals, every, change, closing=0.5, pause=0.01, longest=12000, virtual=None,
            start=None):
        """Arrivals with a change every few of them, closes in between and some pauses."""
        r = self.random
        for n in range(1, arrivals + 1):
            (start or self.arrive)(virtual() if virtual else None)
            if r.random() < closing:
                self.close()
            if n % every == 0:
                change()
            if r.random() < pause:
                self.sleep(r.choice([300, 2000, longest / 3, longest]))
        self.end()
