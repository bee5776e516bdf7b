# SPDX-License-Identifier: GPL-2.0-only
"""`lvslab replay` on captures that the packet world left, and on damaged ones. Called as
replay_test.py LVSLAB."""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest

LVSLAB = os.path.abspath(sys.argv.pop(1))

LVS_CF = """serial_no = 1
primary = 192.168.26.9
service = lvs
network = nat
nat_router = 10.11.12.10 eth1:1
virtual shop {
     active = 1
     address = 192.168.26.10 eth0:1
     port = 80
     scheduler = rr
     protocol = tcp
     server web1 {
         address = 10.11.12.1
         active = 1
         weight = 1
     }
     server web2 {
         address = 10.11.12.2
         active = 1
         weight = 1
     }
}
"""

SCENARIO = """scenario: shop
config: lvs.cf
routers:
  lvs1: {{ public: 192.168.26.9/24, private: 10.11.12.9/24 }}
servers:
  web1: {{ address: 10.11.12.1/24, workers: 100, service: exponential 10ms }}
  web2: {{ address: 10.11.12.2/24, workers: 100, service: exponential 10ms }}
clients:
  office: {{ count: 8, network: 172.16.0.0/16, link: {{ rate: 100Mbps, delay: 5ms{loss} }} }}
workload:
  shop: {{ from: office, to: "192.168.26.10:80", {workload} }}
drain: 20s
"""
DRAWN = ("arrivals: poisson 30/s, for: 4s, request: uniform 100B to 4kB, "
         "response: lognormal mean 12KiB sigma 1, requests: 3, think: uniform 200ms to 1s")


def seconds(text):
    """A time of a trace file."""
    number, unit = re.fullmatch(r"([0-9.]+)(ns|us|ms|s|min|h)", text).groups()
    return float(number) * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600}[unit]


def read_trace(path):
    """(at, client, [(think, request, response, service or None)]), in order of time."""
    connections = []
    with open(path, encoding="utf-8") as lines:
        assert next(lines) == "lvslab-trace 1\n"
        for line in lines:
            if line.startswith("#"):
                continue
            at, client, *words = line.split()
            turns = []
            for word in words:
                think, request, response, service = re.fullmatch(
                    r"(?:([^+]+)\+)?([0-9]+):([0-9]+)(?:~(.+))?", word).groups()
                turns.append((seconds(think) if think else 0, int(request), int(response),
                              seconds(service) if service else None))
            connections.append((seconds(at), client, turns))
    return sorted(connections)


def sizes(connections):
    return [(client, [turn[1:3] for turn in turns]) for _, client, turns in connections]


class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = cls.holder.name
        cls.put("lvs.cf", LVS_CF)
        cls.put("drawn.yaml", SCENARIO.format(loss="", workload=DRAWN))
        cls.put("lossy.yaml", SCENARIO.format(loss=", loss: 2%", workload=DRAWN))
        for name in ("drawn", "lossy"):
            cls.lvslab("run", f"{name}.yaml", "--output", name, "--pcap", "office", "--pcap", "lvs1",
                       "--quiet", "--journal", "all", "--force")

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.folder, *names)

    @classmethod
    def put(cls, name, content):
        with open(cls.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    @classmethod
    def lvslab(cls, *words):
        return subprocess.run([LVSLAB, *words], cwd=cls.folder, capture_output=True, text=True,
                              check=False)

    @classmethod
    def content(cls, *names):
        with open(cls.path(*names), "rb") as file:
            return file.read()

    def total(self, run):
        return json.loads(self.content(run, "summary.json"))["total"]

    @staticmethod
    def capture_of(run, link="lvs1-public"):
        return os.path.join(run, "pcap", f"{link}.pcap")

    def refused(self, *words):
        """What it says; nothing may be written."""
        before = sorted(os.listdir(self.folder))
        done = self.lvslab("replay", *words)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        return done.stderr

    def round_trip(self, run, capture, trace):
        done = self.lvslab("replay", capture, "--server", "192.168.26.10:80", "--output", trace,
                           "--service", "from-capture", "--force")
        self.assertEqual(done.returncode, 0, done.stderr)
        return read_trace(self.path(trace)), done.stdout

    def test_a_capture_read_back_is_the_plan_that_made_it(self):
        # Each client has a capture of its own; the router's public side has them all.
        trace, said = self.round_trip("drawn", self.capture_of("drawn"), "a.trace")
        self.put("again.yaml", SCENARIO.format(loss="", workload="arrivals: trace a.trace"))
        done = self.lvslab("run", "again.yaml", "--output", "again", "--pcap", "lvs1", "--quiet",
                           "--force")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        again, _ = self.round_trip("again", self.capture_of("again"), "b.trace")
        self.assertGreater(len(trace), 80)
        self.assertEqual(sizes(again), sizes(trace))
        self.assertNotIn("left out", said)
        for one, other in zip(trace, again):
            self.assertAlmostEqual(one[0], other[0], delta=1e-3)
            for before, after in zip(one[2], other[2]):
                # Responses share a link with others: the pause has their queueing in it.
                self.assertAlmostEqual(before[0], after[0], delta=0.02)
                self.assertAlmostEqual(before[3], after[3], delta=0.005)

    def test_every_size_is_one_that_the_scenario_planned(self):
        total = self.total("drawn")
        trace, _ = self.round_trip("drawn", self.capture_of("drawn"), "c.trace")
        self.assertEqual(len(trace), total["connections"])
        self.assertEqual(sum(turn[2] for _, _, turns in trace for turn in turns),
                         total["response_bytes"])
        for _, _, turns in trace:
            self.assertEqual(len(turns), 3)
            for i, (think, request, _, _) in enumerate(turns):
                self.assertTrue(100 <= request <= 4000)
                self.assertTrue(i == 0 or 0.199 <= think <= 1.05, think)

    def test_loss_and_retransmission_change_no_size(self):
        trace, said = self.round_trip("lossy", self.capture_of("lossy"), "d.trace")
        clean, _ = self.round_trip("drawn", self.capture_of("drawn"), "e.trace")
        self.assertRegex(said, "were sent again")
        served = {(client, round(at, 1)): turns for at, client, turns in clean}
        same = 0
        for at, client, turns in trace:
            planned = served.get((client, round(at, 1)))
            if planned and len(turns) == 3:
                same += [t[1:3] for t in turns] == [t[1:3] for t in planned]
        self.assertGreater(same, len(trace) * 0.6)

    def test_a_damaged_capture_is_used_up_to_the_damage(self):
        whole = self.content(self.capture_of("drawn"))
        self.put("cut.pcap", whole[:len(whole) // 2])
        done = self.lvslab("replay", "cut.pcap", "--server", "192.168.26.10:80")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"^lvslab replay: cut\.pcap: damaged after packet [0-9]+, at "
                                      r"byte [0-9]+: .*; what was read before is used\n$")
        self.assertGreater(len(read_trace(self.path("cut.trace"))), 20)
        self.assertRegex(done.stdout, "do not end in the capture")
        # A record that says it is longer than any packet.
        at = 24
        for _ in range(300):
            at += 16 + struct.unpack_from("<I", whole, at + 8)[0]
        self.put("wild.pcap", whole[:at + 8] + b"\xff\xff\xff\x7f" + whole[at + 12:])
        done = self.lvslab("replay", "wild.pcap", "--server", "192.168.26.10:80")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"damaged after packet 300, ")

    def test_what_is_no_capture_is_refused(self):
        self.put("text.pcap", "no capture at all\n" * 10)
        self.put("packed.pcap", b"\x1f\x8b\x08\x00" + bytes(100))
        self.put("empty.pcap", b"")
        for server in ((), ("--server", "192.168.26.10:80")):
            self.assertRegex(self.refused("text.pcap", *server),
                             r"^lvslab replay: text\.pcap: is no capture \(pcap or pcapng\): .*\n$")
            self.assertRegex(self.refused("packed.pcap", *server), "unpack it first")
            self.assertRegex(self.refused("empty.pcap", *server), "is no capture")
            self.assertRegex(self.refused("nowhere.pcap", *server), "nowhere.pcap: ")

    def test_every_wrong_option_is_told_at_once(self):
        said = self.refused("x.pcap", "--server", "192.168.26.10", "--from", "5", "--for", "0s",
                            "--speed", "0", "--anonymise", "nothing", "--workload", "shop")
        self.assertEqual(len(said.splitlines()), 7, said)
        for what in ("x.pcap: No such file", "--server", "--from", "--for", "--speed", "--anonymise", "--workload"):
            self.assertIn(what, said)

    def test_several_services_are_listed_and_an_only_one_is_taken(self):
        said = self.refused(self.capture_of("drawn", "lvs1-private"))
        self.assertIn("more than one service in it; choose one", said)
        for server in ("10.11.12.1", "10.11.12.2"):
            self.assertRegex(said, rf"--server {re.escape(server)}:80: [0-9]+ connections")
        done = self.lvslab("replay", self.capture_of("drawn", "office-0"), "--output", "one.trace")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("of 192.168.26.10:80 (tcp)", done.stdout)

    def test_a_service_that_is_not_there_leaves_nothing(self):
        said = self.refused(self.capture_of("drawn"), "--server", "192.0.2.1:80")
        self.assertIn("no connection to replay; nothing is written", said)

    def test_a_trace_is_not_written_over(self):
        capture = self.capture_of("drawn")
        words = (capture, "--server", "192.168.26.10:80", "--output", "kept.trace")
        self.assertEqual(self.lvslab("replay", *words).returncode, 0)
        self.assertIn("kept.trace: is there already", self.refused(*words))
        self.assertEqual(self.lvslab("replay", *words, "--force").returncode, 0)

    def test_window_and_speed(self):
        capture = self.capture_of("drawn")
        whole, _ = self.round_trip("drawn", capture, "f.trace")
        done = self.lvslab("replay", capture, "--server", "192.168.26.10:80", "--from", "1s",
                           "--for", "2s", "--speed", "2", "--output", "g.trace", "--force")
        self.assertEqual(done.returncode, 0, done.stderr)
        part = read_trace(self.path("g.trace"))
        wanted = [c for c in whole if 1 <= c[0] < 3]
        self.assertEqual(sizes(part), sizes(wanted))
        for one, other in zip(part, wanted):
            self.assertAlmostEqual(one[0], (other[0] - 1) / 2, places=6)

    def test_anonymised_clients_keep_their_neighbours(self):
        capture = self.capture_of("drawn")
        plain, _ = self.round_trip("drawn", capture, "h.trace")
        key = "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202"
        self.put("key", key + "\n")
        for given in (key, "key"):
            done = self.lvslab("replay", capture, "--server", "192.168.26.10:80", "--anonymise",
                               given, "--output", "i.trace", "--force")
            self.assertEqual(done.returncode, 0, done.stderr)
            hidden = read_trace(self.path("i.trace"))
            names = dict(zip((c[1] for c in plain), (c[1] for c in hidden)))
            self.assertEqual(sorted(names.values()), sorted(set(c[1] for c in hidden)))
            self.assertEqual(len({name.rsplit(".", 1)[0] for name in names.values()}), 1)
            self.assertFalse(set(names) & set(names.values()))
            text = self.content("i.trace").decode()
            self.assertNotIn("192.168.26.10", text)

    def test_runs_a_scenario_with_the_capture_in_it(self):
        capture = self.capture_of("drawn")
        done = self.lvslab("replay", capture, "--server", "192.168.26.10:80", "--scenario",
                           "drawn.yaml", "--service", "from-capture", "--output", "replayed",
                           "--force")
        self.assertEqual(done.returncode, 0, done.stderr)
        first = self.total("drawn")
        second = self.total("replayed")
        for what in ("connections", "served", "response_bytes"):
            self.assertEqual(second[what], first[what])
        said = self.refused(capture, "--server", "192.168.26.10:80", "--scenario", "drawn.yaml",
                            "--workload", "shops")
        self.assertIn("there is no workload shops: name one of shop by --workload", said)


if __name__ == "__main__":
    unittest.main()
