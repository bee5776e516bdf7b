# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios: schedulers, forwarding methods, persistence."""
from scenario_script import DETERMINISTIC, FALLBACK, ONE_PACKET, PORT, scenario


# ---- every scheduler under churn
def churn(s, scheduler):
    r = s.random
    s("timeout 120 20 30")
    flags = {"sh": FALLBACK | PORT, "mh": FALLBACK | PORT}.get(scheduler, 0)
    s.service(scheduler, extra=f"flags={flags:#x}" if flags else "")
    weights = r.choice([[0, 1, 1, 2, 3], [1, 5, 10, 20, 50], [0, 2, 4, 6, 12], [3, 7, 11, 100]])
    for n in range(6):
        s.server(n, r.choice(weights[1:]), r.choice(["nat", "nat", "dr", "tun"]))
    s.run(650, 13, lambda: s.change(weights, ("nat", "dr", "tun")), pause=0.02)


def thresholds(s, scheduler):
    r = s.random
    s("timeout 60 10 30")
    flags = {"sh": FALLBACK, "mh": FALLBACK}.get(scheduler, 0)
    s.service(scheduler, extra=f"flags={flags:#x}" if flags else "")
    limits = [(0, 0), (1, 0), (2, 1), (4, 0), (5, 5), (7, 3), (12, 0), (20, 10), (3, 3)]
    for n in range(8):
        u, l = r.choice(limits[1:])
        s.server(n, r.choice([1, 2, 3]), "nat", u=u, l=l)
    s.run(550, 9, lambda: s.change([0, 1, 2, 3], limits=limits), closing=0.75, pause=0.02)


def one_packet(s, scheduler):
    r = s.random
    s("timeout 0 0 20")
    flags = ONE_PACKET | ({"sh": PORT, "mh": PORT}.get(scheduler, 0))
    s.service(scheduler, kind="udp", extra=f"flags={flags:#x}")
    for n in range(5):
        s.server(n, r.choice([1, 2, 3, 5]))
    repeat = []

    def start(_):
        if repeat and r.random() < 0.3:
            s.packet("U", r.choice(repeat))
        else:
            repeat.append(s.datagram())
    s.run(320, 20, lambda: s.change([0, 1, 2, 4]), closing=0, start=start)


def address_six(s, scheduler):
    r = s.random
    s("timeout 120 20 30")
    s.service(scheduler)
    for n in range(5):
        s.server(n, r.choice([1, 2, 3, 5]), r.choice(["nat", "nat", "dr", "tun"]))
    s.run(320, 20, lambda: s.change([0, 1, 2, 4], ("nat", "dr", "tun")), pause=0.02)


for _name in DETERMINISTIC + ["twos"]:
    scenario(f"churn2_{_name}", "churn with other weights, mixed methods, short timeouts")(
        lambda s, n=_name: churn(s, n))
for _name in DETERMINISTIC:
    scenario(f"thr2_{_name}", "many small thresholds, edited in mid-run")(
        lambda s, n=_name: thresholds(s, n))
    scenario(f"ops2_{_name}", "one-packet scheduling, packets of one source again and again")(
        lambda s, n=_name: one_packet(s, n))
for _name in ["rr", "wlc", "sh", "dh", "mh"]:
    scenario(f"six_{_name}", "IPv6 service, mixed methods, churn")(
        lambda s, n=_name: address_six(s, n))


# ---- many destination addresses
def destinations(s, scheduler):
    r = s.random
    s("timeout 60 10 30")
    s("mark 10.255.0.0/24 7")
    s.service(scheduler, kind="fwm", address="7", port=0)
    for n in range(6):
        s.server(n, r.choice([1, 2, 3, 8]), r.choice(["nat", "nat", "dr"]), port=0)
    s.run(600, 12, lambda: s.change([0, 1, 1, 2, 3, 8], port=0), pause=0.02, closing=0.6,
          virtual=lambda: f"10.255.0.{r.randrange(1, 120)}:{r.choice([80, 443])}")


for _name in ["dh", "lblc", "lblcr", "wlc", "sh"]:
    scenario(f"addresses_{_name}", "fwmark service over 119 addresses and two ports, churn")(
        lambda s, n=_name: destinations(s, n))


def destinations_thresholds(s, scheduler):
    r = s.random
    s("timeout 60 10 30")
    s("mark 10.255.0.0/24 7")
    s.service(scheduler, kind="fwm", address="7", port=0)
    limits = [(0, 0), (2, 1), (4, 0), (8, 4), (15, 0)]
    for n in range(6):
        u, l = r.choice(limits)
        s.server(n, r.choice([1, 2, 3, 8]), port=0, u=u, l=l)
    s.run(500, 10, lambda: s.change([0, 1, 2, 3, 8], port=0, limits=limits), pause=0.02,
          closing=0.7, virtual=lambda: f"10.255.0.{r.randrange(1, 30)}:80")


for _name in ["dh", "lblc", "lblcr"]:
    scenario(f"addrthr_{_name}", "the same with thresholds over 29 addresses")(
        lambda s, n=_name: destinations_thresholds(s, n))


# ---- forwarding methods and the input-only table
def methods(s, scheduler, kinds, arrivals=150):
    r = s.random
    s("timeout 40 15 30")
    s("counters 1")
    s.service(scheduler)
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]), kinds[n % len(kinds)])
    for n in range(arrivals):
        s.arrive()
        for _ in range(r.randrange(3)):
            flow = r.choice(s.open + s.closed[-20:])
            if r.random() < 0.5:
                s.packet(r.choice(["S", "A", "FA", "F", "R", "RA", "PA", "SA"]), flow)
            else:
                s.answer(r.choice(["SA", "A", "FA", "R", "RA", "S"]), flow)
        if r.random() < 0.4:
            s.close()
        if n % 25 == 24:
            # A change of method must not touch entries that exist.
            s.edit(s.any_server(), r.choice([0, 1, 2, 3]), r.choice(kinds))
        if r.random() < 0.06:
            s.sleep(r.choice([500, 5000, 11000, 16000, 45000]))
    s.end()


scenario("direct_wlc", "direct routing, odd flags, counters after every packet")(
    lambda s: methods(s, "wlc", ["dr"]))
scenario("tunnel_lc", "tunnels, odd flags, counters after every packet")(
    lambda s: methods(s, "lc", ["tun"]))
scenario("mixed_rr", "NAT, direct and tunnel in one service, methods edited")(
    lambda s: methods(s, "rr", ["nat", "dr", "tun"]))
scenario("mixed_wrr", "the same with wrr")(
    lambda s: methods(s, "wrr", ["dr", "nat", "tun", "nat"]))
scenario("mixed_sed", "the same with sed")(
    lambda s: methods(s, "sed", ["nat", "dr"]))


def secure(s, kinds):
    s("sysctl secure_tcp 3")
    methods(s, "rr", kinds)


scenario("secure_nat", "secure_tcp=3: the table of defence, NAT")(lambda s: secure(s, ["nat"]))
scenario("secure_direct", "secure_tcp=3: the table of defence, direct")(
    lambda s: secure(s, ["dr"]))


# ---- persistence
def persistence_churn(s, start, name="T", port=80, weights=(0, 1, 2, 3), arrivals=380, every=15,
                      pause=0.04, longest=70000):
    s.run(arrivals, every, lambda: s.change(weights, name=name, port=port), closing=0.5,
          pause=pause, longest=longest, start=start)


@scenario("port0_wlc", "port-0 service, first plain, then persistent: many ports, /24 mask")
def port_zero(s):
    r = s.random
    s("timeout 60 15 30")
    s.service("rr", port=0)
    s.server(0, 1, port=0)
    for port in (80, 0, 443):
        s.arrive(f"10.255.0.1:{port}")
    s.remove_service()
    s.service("wlc", port=0, extra="pers=40 mask=255.255.255.0")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]), port=0)
    persistence_churn(s, lambda _: s.arrive(f"10.255.0.1:{r.choice([80, 443, 8080, 22, 3306])}"),
                      port=0)


@scenario("port0_two", "port-0 persistent service beside one on port 80 of the same address")
def port_zero_two(s):
    r = s.random
    s("timeout 60 15 30")
    s.service("rr", name="T", port=0, extra="pers=50")
    s.service("wrr", name="W", port=80)
    for n in range(3):
        s.server(n, r.choice([1, 2]), port=0)
        s.server(n, r.choice([1, 2, 3]), name="W", port=80)
    persistence_churn(s, lambda _: s.arrive(f"10.255.0.1:{r.choice([80, 80, 443, 8080])}"), port=0)


@scenario("port0_udp", "port-0 persistent UDP service")
def port_zero_udp(s):
    r = s.random
    s("timeout 0 0 20")
    s.service("wrr", kind="udp", port=0, extra="pers=30 mask=255.255.0.0")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]), port=0)
    persistence_churn(s, lambda _: s.datagram(f"10.255.0.1:{r.choice([53, 123, 514])}"), port=0,
                      pause=0.06)


def fwmark_persistent(s, scheduler, mask, quiescent):
    r = s.random
    s("timeout 60 15 30")
    if quiescent:
        s("sysctl expire_quiescent_template 1")
    s("mark 10.255.0.0/28 9")
    s.service(scheduler, kind="fwm", address="9", port=0, extra=f"pers=45 mask={mask}")
    for n in range(5):
        s.server(n, r.choice([1, 2, 3]), port=0)

    def start(_):
        virtual = f"10.255.0.{r.randrange(1, 15)}:{r.choice([80, 443])}"
        if r.random() < 0.7:
            s.arrive(virtual, few=0.8)
        else:
            s.datagram(virtual)
    persistence_churn(s, start, port=0)


scenario("fwmpers_rr", "fwmark with persistence, TCP and UDP, many addresses")(
    lambda s: fwmark_persistent(s, "rr", "255.255.255.255", False))
scenario("fwmpers_wlc", "the same, /24 mask, expire_quiescent_template=1")(
    lambda s: fwmark_persistent(s, "wlc", "255.255.255.0", True))
scenario("fwmpers_sh", "the same with sh, /16 mask")(
    lambda s: fwmark_persistent(s, "sh", "255.255.0.0", False))


@scenario("udppers_lc", "persistent UDP, short timeouts, pauses")
def udp_persistent(s):
    r = s.random
    s("timeout 0 0 15")
    s.service("lc", kind="udp", extra="pers=20 mask=255.255.255.0")
    for n in range(4):
        s.server(n, r.choice([1, 2, 3]))
    persistence_churn(s, lambda _: s.datagram(), pause=0.07, longest=45000)


def quiescent(s, scheduler, toggled):
    r = s.random
    s("timeout 90 20 30")
    s("sysctl expire_quiescent_template 1")
    s.service(scheduler, extra="pers=60 mask=255.255.255.0")
    for n in range(5):
        s.server(n, r.choice([1, 2, 3]))
    value = [1]

    def change():
        if toggled and r.random() < 0.3:
            value[0] = 1 - value[0]
            s(f"sysctl expire_quiescent_template {value[0]}")
        else:
            s.change([0, 0, 1, 2])
    s.run(420, 10, change, pause=0.03, longest=70000, start=lambda _: s.arrive(few=0.9))


scenario("quiescent_wrr", "expire_quiescent_template=1 with weights to 0 and back")(
    lambda s: quiescent(s, "wrr", False))
scenario("quiescent_lc", "the same, the sysctl switched in mid-run")(
    lambda s: quiescent(s, "lc", True))


@scenario("perslimits_wlc", "persistence with thresholds: templates lead to overloaded servers")
def persistent_limits(s):
    r = s.random
    s("timeout 60 10 30")
    s.service("wlc", extra="pers=30 mask=255.255.255.0")
    limits = [(0, 0), (2, 1), (4, 0), (8, 4)]
    for n in range(5):
        s.server(n, r.choice([1, 2, 3]), u=r.choice([2, 4, 8]), l=1)
    s.run(420, 10, lambda: s.change([0, 1, 2], limits=limits), pause=0.03, longest=50000,
          closing=0.7, start=lambda _: s.arrive(few=0.8))


@scenario("ftp_control", "persistent service on port 21 without the FTP helper: data ports")
def ftp_control(s):
    r = s.random
    s("timeout 60 15 30")
    s.service("rr", port=21, extra="pers=60")
    s.service("rr", name="W", port=80)
    for n in range(4):
        s.server(n, 1, port=21)
    s.server(9, 1, name="W", port=80)

    def start(_):
        s.arrive(f"10.255.0.1:{r.choice([21, 21, 20, 5000, 30000, 80, 1023, 1024, 2049])}",
                 few=0.9)
    persistence_churn(s, start, port=21, arrivals=260, pause=0.03)
