# SPDX-License-Identifier: GPL-2.0-only
"""core::Ipvs, scripted one decision at a time."""
import datetime
import re

import lvslab
import numpy
import pytest

VIP = "192.168.26.10:80"
SERVERS = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"]


def cluster(scheduler="rr", weights=(1, 1, 1), **settings):
    ipvs = lvslab.Ipvs()
    ipvs.add_service(VIP, scheduler=scheduler, **settings)
    for server, weight in zip(SERVERS, weights):
        ipvs.add_destination(VIP, server, method="direct", weight=weight)
    return ipvs


def syn(client, port=4000):
    return lvslab.Segment(f"172.16.0.{client}:{port}", VIP, "syn")


def test_round_robin_takes_each_in_turn():
    ipvs = cluster()
    chosen = [ipvs.step(syn(i), 0.1 * i).server for i in range(1, 7)]
    assert sorted(chosen[:3]) == SERVERS
    assert chosen[3:] == chosen[:3]


def test_weights_are_shares():
    ipvs = cluster("wrr", weights=(3, 2, 1))
    for i in range(60):
        ipvs.step(syn(1, 1000 + i), 0.0)
    assert {d.endpoint: d.connections for d in ipvs.destinations(VIP)} == dict(
        zip(SERVERS, (30, 20, 10))
    )


def test_a_connection_keeps_its_server():
    ipvs = cluster()
    first = ipvs.step(syn(1), 0)
    assert (first.action, first.origin, first.method) == ("forward", "scheduled", "direct")
    again = ipvs.step(lvslab.Segment("172.16.0.1:4000", VIP, "ack"), 0.1)
    assert (again.server, again.origin) == (first.server, "entry")


def test_entries_go_when_their_time_is_over():
    ipvs = cluster()
    ipvs.step(syn(1), 1.0)
    (entry,) = ipvs.connections()
    assert (entry.client, entry.state) == ("172.16.0.1:4000", "SYN_RECV")
    assert entry.expires == 61.0
    assert len(ipvs) == 1
    ipvs.advance(60.9)
    assert len(ipvs) == 1
    ipvs.advance(datetime.timedelta(seconds=61))
    assert len(ipvs) == 0
    assert ipvs.next_expiry == float("inf")


def test_persistence_by_template():
    ipvs = cluster(persistent=datetime.timedelta(minutes=5))
    first = ipvs.step(syn(1, 4000), 0)
    second = ipvs.step(syn(1, 4001), 1)
    assert (second.server, second.origin) == (first.server, "persistence")
    assert sum(c.is_template for c in ipvs.connections()) == 1


def test_marks_and_udp():
    ipvs = lvslab.Ipvs()
    by_mark = lvslab.ServiceKey(fwmark=7)
    ipvs.add_service(by_mark, scheduler="rr")
    ipvs.add_destination(by_mark, "10.0.0.1:0")
    marked = lvslab.Segment("172.16.0.1:4000", "192.0.2.1:8080", "syn", mark=7)
    assert ipvs.step(marked, 0).server == "10.0.0.1:8080"
    udp = lvslab.ServiceKey("192.168.26.10:53", protocol="udp")
    ipvs.add_service(udp)
    ipvs.add_destination(udp, "10.0.0.1:53")
    query = lvslab.Segment("172.16.0.1:4000", "192.168.26.10:53", protocol="udp")
    assert ipvs.step(query, 0).server == "10.0.0.1:53"


def test_a_quiesced_server_gets_nothing_new():
    ipvs = cluster()
    ipvs.edit_destination(VIP, SERVERS[0], method="direct", weight=0)
    assert SERVERS[0] not in {ipvs.step(syn(i), 0).server for i in range(1, 10)}
    ipvs.remove_destination(VIP, SERVERS[1])
    assert {ipvs.step(syn(i, 5000), 0).server for i in range(1, 10)} == {SERVERS[2]}


def test_without_a_server_there_is_no_server():
    ipvs = lvslab.Ipvs()
    ipvs.add_service(VIP)
    verdict = ipvs.step(syn(1), 0)
    assert (verdict.action, verdict.server) == ("reject", None)
    assert ipvs.step(lvslab.Segment("172.16.0.1:4000", "192.0.2.9:80", "syn"), 0).action == "pass"


def test_what_ipvs_refuses():
    ipvs = cluster()
    with pytest.raises(lvslab.IpvsError) as raised:
        ipvs.add_service(VIP)
    assert str(raised.value) == f"add_service tcp {VIP}: {raised.value.reason}"
    with pytest.raises(lvslab.IpvsError):
        ipvs.add_service("192.168.26.11:80", scheduler="fastest")
    with pytest.raises(lvslab.IpvsError):
        ipvs.add_destination("192.168.26.99:80", SERVERS[0])
    with pytest.raises(lvslab.IpvsError):
        ipvs.add_destination(VIP, "10.0.0.9:80", weight=-1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: lvslab.Segment("172.16.0.1", VIP, "syn"), "no address and port"),
        (lambda: lvslab.Segment("172.16.0.1:1", VIP, "psh"), "no TCP flag .fin, syn, rst, ack"),
        (lambda: lvslab.Segment("172.16.0.1:1", VIP, protocol="ether"), "no protocol"),
        (lambda: lvslab.Ipvs(profile="ancient"), "no profile .recent, classic"),
        (lambda: lvslab.ServiceKey(), "either an address and port or a fwmark"),
        (lambda: lvslab.ServiceKey(VIP, fwmark=3), "either an address and port or a fwmark"),
        (lambda: lvslab.ServiceKey(fwmark=2**32), "from 0 to 4294967295"),
        (lambda: cluster().step(syn(1), -1), "no time"),
        (lambda: cluster().step(syn(1), float("nan")), "no time"),
        (lambda: cluster(persistent=float("inf")), "no time"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call, wrong",
    [
        (lambda i: i.add_service("192.168.26.11"), ["add_service.service: .* the port is missing"]),
        (lambda i: i.add_service(80), ["add_service.service: 80 .int. is no virtual service"]),
        (lambda i: i.add_service(VIP, scheduler=7), ["add_service.scheduler: 7 .int. is no sch"]),
        (
            lambda i: i.add_service("192.168.26.300:80", persistent="long", one_packet="no"),
            [
                'add_service.service: .* "192.168.26.300" is no IP address',
                'add_service.persistent: "long" is no time',
                'add_service.one_packet: "no" is neither True nor False',
            ],
        ),
        (
            lambda i: i.add_destination(VIP, "10.0.0.9:99999", weight="2", method="dr"),
            [
                "add_destination.server: .* 99999 is no port from 0 to 65535",
                'add_destination.method: "dr" is no forwarding method .nat, local, tunnel, direct',
                'add_destination.weight: "2" is no whole number from 0 to 2147483647',
            ],
        ),
        (lambda i: i.add_destination(VIP, SERVERS[0], weight=2**31), ["weight: .*from 0 to 2147"]),
        (lambda i: i.add_destination(VIP, SERVERS[0], weight=1.5), ["weight: 1.5 .float. is no w"]),
        (lambda i: i.add_destination(VIP, SERVERS[0], upper_threshold=-1), ["upper_threshold: -1"]),
        (lambda i: i.add_destination(VIP, "::1:80"), ["in brackets, .ADDRESS.:PORT"]),
        (lambda i: i.add_destination(VIP, "10.0.0.9:http"), ['the port "http" is no number']),
        (lambda i: i.remove_destination(VIP, None), ["remove_destination.server: None is no addr"]),
        (lambda i: i.destinations("shop"), ["destinations.service: .*the port is missing"]),
        (lambda i: i.step("syn", "soon"), ['step.segment: "syn" is no', 'step.now: "soon" is no t']),
        (lambda i: i.advance(None), ["advance.now: None is no time"]),
        (lambda i: i.set_timeouts(tcp="15min"), ['set_timeouts.tcp: "15min" is no time']),
        (lambda i: lvslab.Segment(1, 2), ["Segment.source: 1 .int.", "Segment.destination: 2"]),
        (lambda i: lvslab.Segment("[::1]:1", VIP, "syn", count=0), ["Segment.count: 0 .int."]),
        (lambda i: lvslab.Segment("\ud800", "\nx"), ["source: .*ud800", "destination: ..nx"]),
        (lambda i: lvslab.ServiceKey(fwmark="7"), ['ServiceKey.fwmark: "7" is no whole number']),
        (lambda i: lvslab.ServiceKey(VIP, protocol=6), ["ServiceKey.protocol: 6 .int. is no prot"]),
        (lambda i: lvslab.Ipvs(seed="x", profile=3), ["Ipvs.profile: 3", 'Ipvs.seed: "x"']),
    ],
)
def test_wrong_values_are_told_at_once_each_by_its_name(call, wrong):
    ipvs = cluster()
    with pytest.raises(lvslab.InputError) as raised:
        call(ipvs)
    told = str(raised.value).splitlines()
    assert len(told) == len(wrong) == len(raised.value.diagnostics), told
    for line, pattern in zip(told, wrong):
        assert re.search(pattern, line), line
    assert len(ipvs.destinations(VIP)) == 3 and ipvs.now == 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda i: i.add_service("192.168.26.11:80", schedular="rr"), 'did you mean "scheduler"'),
        (lambda i: i.add_service("192.168.26.11:80", "rr"), '"rr" needs its name, one of sched'),
        (lambda i: lvslab.Ipvs("recent"), 'Ipvs: "recent" needs its name, one of profile='),
        (lambda i: lvslab.Ipvs(schedulers=7), "7 is no list of schedulers"),
    ],
)
def test_arguments_that_there_are_not(call, message):
    with pytest.raises(TypeError, match=message):
        call(cluster())


def test_ipvs_says_which_setting_it_refuses():
    ipvs = cluster()
    for call, message in (
        (lambda: ipvs.add_service("192.168.26.11:80", scheduler="wlcc"), '"wlcc"; did you mean "wlc"'),
        (lambda: ipvs.add_destination(VIP, "10.0.0.9:80", weight=-1), "weight -1: 0 or more"),
        (
            lambda: ipvs.add_destination(VIP, "10.0.0.9:80", upper_threshold=5, lower_threshold=9),
            "lower_threshold 9 is above upper_threshold 5",
        ),
        (lambda: ipvs.add_destination(VIP, "[2001:db8::1]:80"), '"tunnel" alone'),
    ):
        with pytest.raises(lvslab.IpvsError, match=message):
            call()


def test_numbers_of_numpy_are_numbers():
    ipvs = cluster()
    ipvs.edit_destination(VIP, SERVERS[0], weight=numpy.int64(7), method="direct")
    assert 7 in [d.weight for d in ipvs.destinations(VIP)]
    ipvs.step(syn(1), numpy.float64(2.5))
    assert ipvs.now == 2.5


def test_time_does_not_run_backwards():
    ipvs = cluster()
    ipvs.step(syn(1), 5)
    with pytest.raises(ValueError, match="runs backwards"):
        ipvs.step(syn(2), 4)
    ipvs.step(syn(2))
    assert ipvs.now == 5.0
