# SPDX-License-Identifier: GPL-2.0-only
"""What `lvslab config check` calls an error is refused by every command that runs the lvs.cf, in the
same words. Called as refusals_test.py LVSLAB."""
import os
import subprocess
import sys
import tempfile
import unittest

LVSLAB = os.path.abspath(sys.argv.pop(1))

LVS_CF = """serial_no = 1
primary = 192.168.26.9
service = lvs
network = direct
virtual shop {
    active = 1
    address = 192.168.26.10 eth0:1
    port = 80
    scheduler = rr
    timeout = 6
    server web1 {
        address = 192.168.26.21
        active = 1
        weight = 1
    }
    server web2 {
        address = 192.168.26.22
        active = 1
        weight = 1
    }
}
"""
SCENARIO = """scenario: shop
config: lvs.cf
routers: { lvs1: { public: 192.168.26.9/24 } }
servers:
  web1: { address: 192.168.26.21/24, service: exponential 20ms }
  web2: { address: 192.168.26.22/24, service: exponential 20ms }
clients: { office: { count: 9, network: 172.16.0.0/16 } }
workload:
  shop:
    from: office
    to: 192.168.26.10:80
    arrivals: poisson 20/s
    for: 2s
    request: 400B
    response: constant 2KiB
"""
SWEEP = """sweep: two
scenario: shop.yaml
world: flow
parameters: { servers.web2.speed: [0.5, 1] }
seeds: 1
measure: [p50]
"""

# What is replaced, by what, and a piece of what is said: each error of docs/lvs-cf.md.
ERRORS = [
    ("primary = 192.168.26.9\n", "", "primary is not given"),
    ("service = lvs\n", "backup = 192.168.26.9\n", "backup is the primary"),
    ("service = lvs\n", "backup_active = 1\n", "no backup is given"),
    ("service = lvs\n", "keepalive = 0\n", "keepalive is 0s, expected a time above 0"),
    ("service = lvs\n", "deadtime = -1\n", "deadtime is -1s, expected a time above 0"),
    ("service = lvs\n", "udp_timeout = -2\n", "udp_timeout is -2s"),
    ("timeout = 6", "timeout = 0", "timeout is 0s, expected a time above 0"),
    ("timeout = 6", "reentry = -1", "reentry is -1s"),
    ("timeout = 6", "persistent = -5", "persistent is -5s"),
    ("    address = 192.168.26.10 eth0:1\n", "", "no address"),
    ("address = 192.168.26.10", "address = 192.168.26.9", "is a router's own address"),
    ("port = 80\n", "port = 0\n", "port 0 (every port) needs persistent"),
    ("        address = 192.168.26.22\n", "", "has no address"),
    ("address = 192.168.26.22", "address = 192.168.26.21", "is the same destination as server"),
    ("address = 192.168.26.22", "address = 192.168.26.10", "has the address of its virtual"),
    ("weight = 1", "weight = -1", "has weight -1; IPVS takes none below 0"),
    ("weight = 1", "l_threshold = 9\n        u_threshold = 3", "has l_threshold 9 above"),
    ("timeout = 6", 'expect = "("\n    use_regex = 1', "regular expression"),
    ("timeout = 6", 'send_program = " "', "send_program"),
]


class Refusals(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("shop.yaml", SCENARIO)
        self.write("off.yaml", SCENARIO + "daemons: off\n")
        self.write("sweep.yaml", SWEEP)
        self.write("lvs.cf", LVS_CF)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def lvslab(self, *words):
        return subprocess.run([LVSLAB, *words], cwd=self.folder, capture_output=True, text=True,
                              check=False)

    def break_it(self, old, new):
        self.assertIn(old, LVS_CF)
        self.write("lvs.cf", LVS_CF.replace(old, new, 1))

    def errors(self):
        """The errors that the check finds: whole lines, with their places."""
        done = self.lvslab("config", "check", "lvs.cf")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        return [line for line in done.stderr.splitlines()
                if ": warning: " not in line and ": note: " not in line]

    def refused(self, *words):
        """What the command says; nothing may be written."""
        before = sorted(os.listdir(self.folder))
        done = self.lvslab(*words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), (words, done.stderr))
        self.assertEqual(sorted(os.listdir(self.folder)), before, words)
        return done.stderr

    def test_the_unbroken_one_runs(self):
        for scenario in ("shop.yaml", "off.yaml"):
            done = self.lvslab("run", scenario, "--world", "flow", "--check")
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_each_error_of_the_check_is_refused_in_its_words(self):
        for old, new, piece in ERRORS:
            self.break_it(old, new)
            errors = self.errors()
            self.assertTrue(any(piece in error for error in errors), (piece, errors))
            for scenario in ("shop.yaml", "off.yaml"):
                told = self.refused("run", scenario, "--world", "flow").splitlines()
                for error in errors:
                    self.assertEqual(told.count(error), 1, (error, told))

    def test_every_command_refuses_a_file_without_primary(self):
        self.break_it("primary = 192.168.26.9\n", "")
        (error,) = self.errors()
        self.assertRegex(error, r"^lvs\.cf: primary is not given: every router takes itself "
                                r"for the backup$")
        flow = ("--world", "flow")
        for words in (("run", "shop.yaml", *flow), ("run", "shop.yaml", "--world", "kernel"),
                      ("run", "shop.yaml", *flow, "--check"), ("compare", "shop.yaml", *flow),
                      ("verify", "shop.yaml", *flow), ("verify", "shop.yaml", "--world", "kernel"),
                      ("sweep", "sweep.yaml"), ("sweep", "sweep.yaml", "--check"),
                      ("replay", "nothing.pcap", "--scenario", "shop.yaml", *flow),
                      ("parity", "shop.yaml", "shop.yaml", "--with", "flow")):
            self.assertIn(error, self.refused(*words), words)

    def test_options_of_other_worlds_are_told_at_once_with_what_is_wrong_in_the_files(self):
        self.break_it("primary = 192.168.26.9\n", "")
        told = self.refused("run", "shop.yaml", "--world", "flow", "--virtual-time", "--web-server",
                            "nginx", "--pcap", "all").splitlines()
        self.assertEqual(len(told), 4, told)
        for piece in ("--virtual-time is of the kernel world", "--web-server and --ftp-server are of",
                      "--pcap is of the packet world", "primary is not given"):
            self.assertEqual(sum(piece in line for line in told), 1, told)

    def test_the_kernel_world_refuses_to_capture(self):
        for more in ((), ("--check",)):
            told = self.refused("run", "shop.yaml", "--world", "kernel", "--pcap", "lvs1", *more)
            self.assertEqual(told, "lvslab run: --pcap is of the packet world: the kernel world keeps "
                                   "no pcap\n")

    def test_parity_looks_at_its_options_before_it_runs_anything(self):
        told = self.refused("parity", "shop.yaml", "--with", "flow", "--scheduler", "foo", "--save",
                            "lvs.cf", "--virtual-time").splitlines()
        self.assertEqual(len(told), 3, told)
        self.assertIn("lvslab parity: --virtual-time is of the kernel world", told)
        self.assertIn("lvslab parity: --save: lvs.cf is there and is not a folder", told)
        self.assertTrue(any("scheduler foo is unknown; known are rr" in line for line in told), told)

    def test_a_file_that_a_fault_reloads_is_checked_too(self):
        self.write("next.cf", LVS_CF.replace("weight = 1", "weight = -1", 1))
        self.write("shop.yaml", SCENARIO + "faults:\n  - { at: 1s, reload: lvs1, config: next.cf }\n")
        self.assertIn("next.cf:14:18: server \"web1\" of virtual \"shop\" has weight -1",
                      self.refused("run", "shop.yaml", "--world", "flow"))


if __name__ == "__main__":
    unittest.main()
