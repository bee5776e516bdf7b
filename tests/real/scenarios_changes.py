# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios: servers and services that come, go and change; time; several services at once."""
from scenario_script import DETERMINISTIC, FALLBACK, ONE_PACKET, PORT, host, scenario


# ---- servers that go and come back
def removal(s, scheduler, value, toggled=False, method=("nat",)):
    r = s.random
    s("timeout 100 20 30")
    s(f"sysctl expire_nodest_conn {value}")
    s.service(scheduler)
    for n in range(5):
        s.server(n, r.choice([1, 2, 3]), r.choice(method))

    def change():
        if toggled and r.random() < 0.2:
            s(f"sysctl expire_nodest_conn {r.randrange(2)}")
        s.change([0, 1, 2, 3], method, keep=1, most=7)
    s.fresh = 7  # few addresses: the removed ones return

    def start(_):
        s.arrive()
        s.fresh = 7
        for _ in range(r.randrange(3)):
            flow = r.choice(s.open + s.closed[-30:] if s.open else [(s.client(), s.vip)])
            s.packet(r.choice(["A", "A", "S", "FA", "R", "PA"]), flow)
    s.run(420, 6, change, pause=0.03, longest=130000, start=start)


scenario("nodest0_rr", "servers go and return under live connections, expire_nodest_conn=0")(
    lambda s: removal(s, "rr", 0))
scenario("nodest1_rr", "the same, expire_nodest_conn=1")(lambda s: removal(s, "rr", 1))
scenario("nodest1_wlc", "the same with wlc and mixed methods")(
    lambda s: removal(s, "wlc", 1, method=("nat", "dr", "tun")))
scenario("nodest2_lc", "the same, the sysctl switched in mid-run")(
    lambda s: removal(s, "lc", 0, toggled=True))


@scenario("nodest_pers", "servers go and return under templates, expire_nodest_conn=1")
def removal_persistent(s):
    r = s.random
    s("timeout 60 20 30")
    s("sysctl expire_nodest_conn 1")
    s.service("rr", extra="pers=40 mask=255.255.255.0")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]))

    def start(_):
        s.arrive(few=0.8)
        s.fresh = 6
        if s.open and r.random() < 0.5:
            s.packet(r.choice(["A", "S", "FA"]), r.choice(s.open))
    s.run(380, 7, lambda: s.change([0, 1, 2], keep=1, most=6), pause=0.04, longest=100000,
          start=start)


@scenario("trash", "one server removed and added again after 1 s to 400 s, with and without entries")
def trash(s):
    r = s.random
    s("timeout 500 100 30")
    s.service("wlc")
    s.server(0, 1)
    s.server(1, 2, u=6, l=3)
    s.server(2, 1)
    for n in range(40):
        for _ in range(r.randrange(1, 8)):
            s.arrive()
        for _ in range(r.randrange(4)):
            s.close()
        gone = s.any_server()
        number = s.servers["T"][gone][0]
        s.remove(gone)
        s.arrive()
        if s.open:
            s.packet(r.choice(["A", "FA", "S"]), r.choice(s.open))
        s.sleep(r.choice([1000, 30000, 59000, 61000, 119000, 125000, 185000, 400000]))
        s.server(number, r.choice([0, 1, 2]), u=r.choice([0, 4, 6]), l=0)
        s.arrive()
        for flow in r.sample(s.open, min(3, len(s.open))):
            s.packet("A", flow)
    s.end()


@scenario("rebirth", "a service removed and made again under live connections, other schedulers")
def rebirth(s):
    r = s.random
    s("timeout 200 30 30")
    s.service("rr")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]))
    for n in range(22):
        for _ in range(r.randrange(4, 14)):
            s.arrive()
        for _ in range(r.randrange(5)):
            s.close()
        s.remove_service()
        for flow in r.sample(s.open, min(4, len(s.open))):
            s.packet(r.choice(["A", "S", "FA", "R"]), flow)
            s.answer(r.choice(["A", "FA", "R"]), flow)
        s.arrive()
        if r.random() < 0.6:
            s.sleep(r.choice([100, 3000, 35000, 70000, 130000]))
        if r.random() < 0.3:
            s(f"sysctl expire_nodest_conn {r.randrange(2)}")
        s.service(r.choice(DETERMINISTIC), extra=r.choice(["", "", "pers=30"]))
        for number in r.sample(range(6), 4):
            s.server(number, r.choice([0, 1, 2, 3]), r.choice(["nat", "nat", "dr"]))
        for flow in r.sample(s.open, min(4, len(s.open))):
            s.packet(r.choice(["A", "S", "FA"]), flow)
    s.end()


# ---- ports used again
def reuse(s, mode, extra="", nodest=0, kinds=("nat",)):
    r = s.random
    s("timeout 60 20 30")
    s("counters 1")
    s(f"sysctl conn_reuse_mode {mode}")
    if nodest:
        s("sysctl expire_nodest_conn 1")
    s.service("rr", extra=extra)
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]), r.choice(kinds))
    clients = [s.client() for _ in range(14)]
    for n in range(330):
        flow = (r.choice(clients), s.vip)
        s.arrive(client=flow[0])
        if r.random() < 0.75:
            s.close(flow)
        if r.random() < 0.12:
            s.change([0, 0, 1, 2, 3], kinds, keep=1, most=6)
        if r.random() < 0.04:
            s.sleep(r.choice([300, 3000, 11000, 22000, 70000]))
    s.end()


for _mode in (0, 1, 2, 3):
    scenario(f"reuse{_mode}_nat", f"conn_reuse_mode={_mode}, 14 clients use their port again")(
        lambda s, m=_mode: reuse(s, m))
scenario("reuse1_direct", "the same, mode 1, direct routing")(
    lambda s: reuse(s, 1, kinds=("dr",)))
scenario("reuse2_direct", "the same, mode 2, direct routing")(
    lambda s: reuse(s, 2, kinds=("dr", "tun")))
scenario("reuse1_nodest", "the same, mode 1, expire_nodest_conn=1")(
    lambda s: reuse(s, 1, nodest=1))
scenario("reuse0_nodest", "the same, mode 0, expire_nodest_conn=1")(
    lambda s: reuse(s, 0, nodest=1))
scenario("reuse1_pers", "the same, mode 1, persistent")(lambda s: reuse(s, 1, "pers=30"))


# ---- first packets
def first_packets(s, sloppy, kinds):
    r = s.random
    s("timeout 60 20 30")
    s("counters 1")
    s(f"sysctl sloppy_tcp {sloppy}")
    s.service("rr")
    for n in range(3):
        s.server(n, r.choice([1, 2]), kinds[n % len(kinds)])
    for n in range(220):
        flow = (s.client(), r.choice([s.vip] * 5 + ["10.255.0.1:81", "10.255.0.2:80"]))
        for _ in range(r.randrange(1, 5)):
            s.packet(r.choice(["S", "A", "FA", "F", "R", "SA", "RA", "PA", "SR", "SF"]), flow)
            if r.random() < 0.4:
                s.answer(r.choice(["SA", "A", "FA", "R"]), flow)
        if r.random() < 0.05:
            s.packet("U", flow)
        if r.random() < 0.04:
            s.sleep(r.choice([300, 3000, 11000, 22000, 70000]))
        if n == 150:
            s(f"sysctl sloppy_tcp {1 - sloppy}")
    s.end()


scenario("first_nat", "first packets of every kind, unknown services, sloppy_tcp late")(
    lambda s: first_packets(s, 0, ["nat"]))
scenario("sloppy_nat", "sloppy_tcp=1: first packets of every kind, NAT")(
    lambda s: first_packets(s, 1, ["nat"]))
scenario("sloppy_direct", "sloppy_tcp=1: first packets of every kind, direct and tunnel")(
    lambda s: first_packets(s, 1, ["dr", "tun"]))


# ---- edits of services
def service_edits(s, kind):
    r = s.random
    s("timeout 120 20 30")
    s.service("rr", kind=kind)
    for n in range(5):
        s.server(n, r.choice([1, 2, 3]))
    persistent = [0]

    def change():
        what = r.random()
        if what < 0.6:
            scheduler = r.choice(DETERMINISTIC)
            flags = r.choice([0, 0, FALLBACK, PORT, FALLBACK | PORT])
            if kind == "udp" and r.random() < 0.2:
                flags |= ONE_PACKET
            if r.random() < 0.3:
                persistent[0] = r.choice([0, 0, 25, 60])
            extra = f"flags={flags:#x}" if flags else ""
            if persistent[0]:
                extra += f" pers={persistent[0]} mask={r.choice(['255.255.255.255', '255.255.255.0'])}"
            s.service(scheduler, kind=kind, extra=extra, op="svc=")
        else:
            s.change([0, 1, 2, 3, 6])
    s.run(480, 8, change, pause=0.02, longest=30000, closing=0.5 if kind == "tcp" else 0,
          start=(lambda _: s.arrive(few=0.7)) if kind == "tcp" else (lambda _: s.datagram()))


for _number in (1, 2, 3):
    scenario(f"svcedit{_number}_tcp", "scheduler, flags, persistence edited in mid-run")(
        lambda s: service_edits(s, "tcp"))
scenario("svcedit_udp", "the same with UDP, one-packet among the flags")(
    lambda s: service_edits(s, "udp"))


# ---- schedulers, special patterns
@scenario("wrrpatterns", "wrr over 40 sets of weights, edited one by one")
def wrr_patterns(s):
    r = s.random
    s("timeout 30 5 30")
    s.service("wrr")
    for n in range(4):
        s.server(n, 1)
    for n in range(40):
        top = r.choice([2, 3, 6, 10, 17, 100, 64])
        step = r.choice([1, 1, 2, 3, 5])
        for endpoint in r.sample(sorted(s.servers["T"]), r.randrange(1, len(s.servers["T"]) + 1)):
            s.edit(endpoint, r.choice([0, r.randrange(1, top + 1) * step]))
        if r.random() < 0.2 and len(s.servers["T"]) < 7:
            s.server(s.fresh, r.randrange(top) * step)
        elif r.random() < 0.2 and len(s.servers["T"]) > 2:
            s.remove(s.any_server())
        for _ in range(r.randrange(8, 30)):
            s.packet("S", (s.client(), s.vip))
    s.end()


@scenario("wrrlimits", "wrr with weights and thresholds that starve it")
def wrr_limits(s):
    r = s.random
    s("timeout 30 5 30")
    s.service("wrr")
    for n in range(5):
        s.server(n, r.choice([0, 1, 2, 4]), u=r.choice([1, 2, 5]), l=0)
    s.run(500, 4, lambda: s.change([0, 0, 1, 2, 4, 8], limits=[(0, 0), (1, 0), (2, 0), (5, 2)]),
          closing=0.8, pause=0.03, longest=40000)


def flags_of(s, scheduler, flags):
    r = s.random
    s("timeout 60 10 30")
    s.service(scheduler, extra=f"flags={flags:#x}")
    limits = [(0, 0), (0, 0), (3, 1), (8, 0)]
    for n in range(6):
        s.server(n, r.choice([0, 1, 2, 5, 10]))
    s.run(480, 8, lambda: s.change([0, 0, 1, 2, 5, 10], limits=limits), pause=0.02)


for _name in ("sh", "mh"):
    for _flags, _label in ((0, "none"), (PORT, "port"), (FALLBACK, "fallback")):
        scenario(f"flags_{_name}_{_label}", f"{_name}, flags {_flags:#x}, weights 0, limits")(
            lambda s, n=_name, f=_flags: flags_of(s, n, f))


@scenario("mhweights", "mh: weights 0 on arrival, large ones, last weights")
def mh_weights(s):
    r = s.random
    s("timeout 60 10 30")
    s.service("mh")
    for n in range(5):
        s.server(n, r.choice([0, 1, 200]))
    s.run(420, 8, lambda: s.change([0, 0, 1, 12, 90, 200, 1000, 65535], most=9), closing=0.3)


def many_servers(s, scheduler, count):
    r = s.random
    s("timeout 60 10 30")
    s.service(scheduler)
    for n in range(count):
        s.server(n, r.choice([0, 1, 2, 3, 5]))
    s.run(170 if count > 5 else 300, 6, lambda: s.change([0, 1, 2, 3, 5], keep=count - 2,
                                                        most=count + 2), closing=0.4)


for _name in ("rr", "wrr", "wlc", "lc", "sh", "mh", "dh", "nq"):
    scenario(f"twenty_{_name}", "20 servers")(lambda s, n=_name: many_servers(s, n, 20))


def single_server(s):
    r = s.random
    s("timeout 30 10 30")
    s.service("rr")
    s.server(0, 1)
    for n in range(60):
        s.service(r.choice(DETERMINISTIC), op="svc=",
                  extra=f"flags={r.choice([0, FALLBACK, PORT]):#x}")
        for _ in range(5):
            s.arrive()
        s.close()
        what = r.random()
        if what < 0.3:
            s.edit(host(False, 0) + ":80", r.choice([0, 1, 5]), u=r.choice([0, 0, 3, 12]))
        elif what < 0.4:
            s.remove(host(False, 0) + ":80")
            s.arrive()
            s.server(0, r.choice([1, 2]))
        if r.random() < 0.1:
            s.sleep(r.choice([1000, 12000, 40000]))
    s.end()


scenario("single", "one server, every scheduler in turn")(single_server)


@scenario("zeros", "weight 0 everywhere, one server at a time up, every scheduler in turn")
def zeros(s):
    r = s.random
    s("timeout 30 10 30")
    s.service("rr")
    for n in range(5):
        s.server(n, 0)
    for n in range(52):
        s.service(DETERMINISTIC[n % 13], op="svc=",
                  extra=f"flags={r.choice([0, FALLBACK, PORT]):#x}")
        for _ in range(3):
            s.arrive()
        up = s.any_server()
        s.edit(up, r.choice([1, 2, 7]))
        for _ in range(5):
            s.arrive()
        s.close()
        s.edit(up, 0)
    s.end()


@scenario("overload", "many overloaded servers, every scheduler in turn")
def overload(s):
    r = s.random
    s("timeout 30 5 30")
    s.service("rr")
    for n in range(8):
        s.server(n, r.choice([1, 2, 3]), u=r.choice([1, 2, 3, 4]))
    for n in range(52):
        s.service(DETERMINISTIC[n % 13], op="svc=",
                  extra=f"flags={r.choice([0, FALLBACK, PORT]):#x}")
        for _ in range(9):
            s.arrive()
            if r.random() < 0.6:
                s.close()
        s.edit(s.any_server(), r.choice([1, 2, 3]), u=r.choice([0, 1, 2, 5]))
        s.sleep(r.choice([0, 2000, 6500, 11000]))
    s.end()


# ---- timeouts
@scenario("udptimes", "UDP entries and their timeouts, changed in mid-run")
def udp_times(s):
    r = s.random
    s("timeout 0 0 10")
    s.service("wlc", kind="udp")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]))
    for n in range(330):
        s.datagram()
        for flow in r.sample(s.open, min(2, len(s.open))):
            s.packet("U", flow)
            s.answer("U", flow)
        if r.random() < 0.12:
            s.sleep(r.choice([500, 3000, 6000, 9000, 14000, 40000, 200000]))
        if r.random() < 0.04:
            s(f"timeout 0 0 {r.choice([5, 10, 25, 60, 300])}")
        if r.random() < 0.04:
            s.change([0, 1, 2, 3])
        if n % 60 == 59:
            s("conns")
    s.end()


def long_times(s, kinds):
    r = s.random
    s("timeout 900 120 300")
    s.service("wlc")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]), kinds[n % len(kinds)])
    for n in range(45):
        for _ in range(r.randrange(2, 9)):
            s.arrive()
        for _ in range(r.randrange(6)):
            s.close()
        s.sleep(r.choice([4000, 14000, 33000, 65000, 125000, 140000, 500000, 920000]))
        if n % 9 == 8:
            s("conns")
        if r.random() < 0.3:
            s(f"timeout {r.choice([0, 60, 200, 900])} {r.choice([0, 5, 30, 120])} 0")
    s.end()


scenario("long_nat", "long pauses and changed timeouts, NAT")(lambda s: long_times(s, ["nat"]))
scenario("long_direct", "long pauses and changed timeouts, direct and tunnel")(
    lambda s: long_times(s, ["dr", "tun"]))


# ---- several services at once
@scenario("two_ports", "two services of one address with the same servers, other schedulers")
def two_ports(s):
    r = s.random
    s("timeout 60 15 30")
    s.service("wlc", name="T", port=80)
    s.service("rr", name="W", port=443)
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]), port=80)
        s.server(n, r.choice([1, 2, 3]), name="W", port=443)

    def change():
        if r.random() < 0.5:
            s.change([0, 1, 2], name="T", port=80)
        else:
            s.change([0, 1, 2], name="W", port=443)
    s.run(420, 9, change, pause=0.02, virtual=lambda: f"10.255.0.1:{r.choice([80, 443, 8443])}")


@scenario("mark_and_address", "a fwmark service and an address service for the same packets")
def mark_and_address(s):
    r = s.random
    s("timeout 60 15 30")
    s("mark 10.255.0.0/29 3")
    s.service("wrr", name="T", port=80)
    for n in range(3):
        s.server(n, r.choice([1, 2]), port=80)
    s.service("rr", name="F", kind="fwm", address="3", port=0)
    for n in range(2, 6):
        s.server(n, r.choice([1, 2]), name="F", port=0)
    for n in range(260):
        s.arrive(f"10.255.0.{r.choice([1, 1, 2, 9])}:{r.choice([80, 80, 81])}")
        if r.random() < 0.5:
            s.close()
        if n in (80, 190):
            s.remove_service("F")
        if n in (130, 220):
            s.service("lc", name="F", kind="fwm", address="3", port=0)
            for number in range(1, 5):
                s.server(number, r.choice([1, 2]), name="F", port=0)
        if r.random() < 0.03:
            s.sleep(r.choice([1000, 16000, 61000]))
    s.end()


@scenario("tcp_and_udp", "TCP and UDP services on one address and port")
def tcp_and_udp(s):
    r = s.random
    s("timeout 60 15 20")
    s.service("lc", name="T", kind="tcp", port=53)
    s.service("wrr", name="U", kind="udp", port=53)
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]), port=53)
        s.server(n, r.choice([1, 2, 3]), name="U", port=53)

    def start(_):
        if r.random() < 0.5:
            s.arrive("10.255.0.1:53")
        else:
            s.packet("U", (s.client(), "10.255.0.1:53"))
    s.run(420, 10, lambda: s.change([0, 1, 2], name=r.choice("TU"), port=53), pause=0.03,
          start=start, longest=30000)


@scenario("six_pers", "IPv6, persistence with a prefix of 48")
def six_persistent(s):
    r = s.random
    s("timeout 60 15 20")
    s.service("wlc", extra="pers=40 mask=48")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]))
    s.run(300, 10, lambda: s.change([0, 1, 2]), pause=0.03, longest=50000,
          start=lambda _: s.arrive(few=0.8))


# ---- everything at once
def wild(s):
    """Any operation at any time, a few of every kind of service."""
    r = s.random
    s("timeout 80 15 25")
    s("mark 10.255.0.16/28 4")
    ports = {"A": 80, "B": 443, "P": 0, "U": 53, "F": 0}

    def define(name, op="svc+"):
        scheduler = r.choice(DETERMINISTIC)
        flags = r.choice([0, 0, FALLBACK, PORT, FALLBACK | PORT])
        persistent = r.choice(["", "", "pers=20", "pers=50 mask=255.255.255.0"])
        if name == "P":
            persistent = persistent or "pers=35"
        extra = f"flags={flags:#x} {persistent}"
        if name == "F":
            s.service(scheduler, name, "fwm", 0, extra, "4", op=op)
        else:
            s.service(scheduler, name, "udp" if name == "U" else "tcp", ports[name], extra, op=op)
        if op == "svc+":
            for n in r.sample(range(6), r.randrange(1, 5)):
                s.server(n, r.choice([0, 1, 2, 3]), r.choice(["nat", "nat", "dr", "tun"]), name,
                         ports[name], u=r.choice([0, 0, 0, 4, 10]))
    for name in ports:
        if r.random() < 0.8:
            define(name)

    def start(_):
        what = r.random()
        few = 0.7
        if what < 0.2:
            s.datagram("10.255.0.1:53")
        elif what < 0.4:
            s.arrive(f"10.255.0.{r.randrange(16, 30)}:{r.choice([80, 443])}", few=few)
        elif what < 0.5 and s.closed:
            s.packet("S", r.choice(s.closed))
        elif what < 0.6 and s.open:
            s.packet(r.choice(["A", "FA", "R", "S", "SA"]), r.choice(s.open))
        else:
            s.arrive(f"10.255.0.1:{r.choice([80, 80, 443, 443, 22, 8080])}", few=few)

    def change():
        name = r.choice(sorted(ports))
        what = r.random()
        if name not in s.servers:
            define(name)
        elif what < 0.04:
            s.remove_service(name)
        elif what < 0.14:
            define(name, "svc=")
        elif what < 0.20:
            s(r.choice(["sysctl expire_nodest_conn 1", "sysctl expire_nodest_conn 0",
                        "sysctl expire_quiescent_template 1",
                        "sysctl expire_quiescent_template 0",
                        "sysctl conn_reuse_mode 0", "sysctl conn_reuse_mode 1",
                        "sysctl sloppy_tcp 1", "sysctl sloppy_tcp 0",
                        "timeout 40 0 0", "timeout 100 8 40"]))
        else:
            s.fresh = 8
            s.change([0, 1, 2, 3, 5], ("nat", "nat", "dr", "tun"),
                     ((0, 0), (0, 0), (3, 1), (9, 0)), name, ports[name], keep=1, most=7)
            s.fresh = 8
    s.run(430, 4, change, pause=0.02, longest=90000, start=start)


for _number in range(1, 11):
    scenario(f"wild{_number:02d}", "any operation at any time on up to five services")(wild)
