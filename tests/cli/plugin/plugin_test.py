# SPDX-License-Identifier: GPL-2.0-only
"""Schedulers of one's own on the command line. Called as plugin_test.py LVSLAB PLUGINS."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

LVSLAB, PLUGINS = sys.argv[1:3]
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))

LVS_CF = """service = lvs
primary = 192.168.26.9
network = direct
virtual shop {
    active = 1
    address = 192.168.26.10 eth0:1
    port = 80
    scheduler = SCHEDULER
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
    server web3 {
        address = 192.168.26.23
        active = 1
        weight = 0
    }
}
"""
SCENARIO = """scenario: mine
about: Do a plug-in's choices come out as those of what it copies?
config: lvs.cf
routers: { lvs1: { public: 192.168.26.9/24 } }
servers:
  web1: { address: 192.168.26.21/24, service: exponential 20ms }
  web2: { address: 192.168.26.22/24, service: exponential 30ms }
  web3: { address: 192.168.26.23/24, service: exponential 30ms }
clients: { office: { count: 9, network: 172.16.0.0/16 } }
workload:
  shop:
    from: office
    to: 192.168.26.10:80
    arrivals: poisson 40/s
    for: 5s
    request: 400B
    response: constant 2KiB
changes:
  - { at: 2s, leave: web2 }
  - { at: 4s, join: web2 }
compare: { scheduler: [rr, OWN], seeds: 1 }
daemons: off
drain: 5s
"""


def plugin(name):
    return os.path.join(PLUGINS, f"plugin_{name}.so")


class Plugin(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("round-robin")

    def write(self, scheduler, compared="round-robin"):
        with open(os.path.join(self.folder, "lvs.cf"), "w") as file:
            file.write(LVS_CF.replace("SCHEDULER", scheduler))
        with open(os.path.join(self.folder, "mine.yaml"), "w") as file:
            file.write(SCENARIO.replace("OWN", compared))

    def lvslab(self, *words, code=0):
        done = subprocess.run([LVSLAB, *words], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def journal(self, output):
        with open(os.path.join(self.folder, output, "journal.lvsj"), "rb") as file:
            return file.read()

    def decisions(self, output, *words):
        self.lvslab("run", "mine.yaml", "--quiet", "--output", output, *words)
        told = self.lvslab("journal", os.path.join(output, "journal.lvsj"), "--kind", "decision")
        rows = [json.loads(line) for line in told.stdout.splitlines()]
        self.assertGreater(len(rows), 100)
        return [(row["time"], row["client"], row["server"]) for row in rows]

    def refused(self, *words, output="out"):
        """What a wrong command line is told; it leaves no result."""
        before = sorted(os.listdir(self.folder))
        told = self.lvslab("run", "mine.yaml", "--output", output, *words, code=2).stderr
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        return told

    def test_decisions_of_a_scheduler_that_the_lvs_cf_names(self):
        own = ["--scheduler-plugin", plugin("round_robin")]
        for world in "packet", "flow":
            mine = self.decisions(f"{world}-mine", "--world", world, *own)
            again = self.decisions(f"{world}-again", "--world", world, *own)
            rr = self.decisions(f"{world}-rr", "--world", world, *own, "--scheduler", "rr")
            self.assertEqual(mine, rr, world)
            self.assertEqual({server for _, _, server in mine}, {"web1", "web2"})
            self.assertEqual(*(self.journal(f"{world}-{run}") for run in ("mine", "again")), world)

    def test_it_is_compared_with_the_kernels(self):
        told = self.lvslab("compare", "mine.yaml", "--world", "flow", "--output", "out",
                           "--scheduler-plugin", plugin("round_robin"))
        self.assertIn("round-robin", told.stdout)
        with open(os.path.join(self.folder, "out", "summary.json")) as file:
            rr, own = json.load(file)["schedulers"]
        self.assertEqual(own["scheduler"], "round-robin")
        self.assertEqual(own["rule"], "round robin once more")
        self.assertEqual(own["metrics"], rr["metrics"])
        self.lvslab("compare", "mine.yaml", "--world", "flow", "--output", "out",
                    "--scheduler-plugin", plugin("round_robin"))

    def test_files_that_name_it_are_checked_with_it(self):
        told = self.lvslab("config", "check", "lvs.cf", code=2).stderr
        self.assertIn("round-robin", told)
        own = ["--scheduler-plugin", plugin("round_robin")]
        self.lvslab("config", "check", "lvs.cf", *own)
        self.lvslab("run", "mine.yaml", "--check", *own)
        self.lvslab("verify", "mine.yaml", "--world", "flow", *own)

    def test_a_name_without_its_plugin_is_an_error_with_its_place(self):
        told = self.refused()
        self.assertRegex(told, r"lvs.cf:8:\d+: .*round-robin")
        self.assertRegex(told, r"mine.yaml:\d+:\d+: no scheduler is called \"round-robin\"")

    def test_files_that_are_no_plugin(self):
        for file, words in [
            ("nowhere.so", "nowhere.so: cannot open shared object file"),
            ("mine.yaml", "mine.yaml: "),
            (plugin("other_version"), "speaks version 77 of the interface, lvslab version 1"),
            (plugin("taken_name"), 'there is a scheduler "wlc" already'),
            (plugin("no_name"), '"a b" is no scheduler\'s name'),
        ]:
            told = self.refused("--scheduler-plugin", file)
            self.assertIn("--scheduler-plugin: ", told)
            self.assertIn(words, told)
        twice = ["--scheduler-plugin", plugin("round_robin")] * 2
        self.assertIn('there is a scheduler "round-robin" already', self.refused(*twice))

    def test_a_choice_that_is_none_ends_the_run(self):
        self.write("rr", compared="wlc")
        own = ["--scheduler-plugin", plugin("no_such_server"), "--scheduler", "faulty"]
        for world in "packet", "flow":
            told = self.refused("--world", world, "--quiet", *own)
            self.assertRegex(told, r"^lvslab run: scheduler faulty of tcp 192.168.26.10:80: "
                             r"schedule\(\) returned place 7, but there are 3 real servers \(at ")
            self.assertEqual(told.count("\n"), 1)
        own[1] = plugin("nothing_made")
        self.assertIn("create() returned nothing", self.refused("--world", "flow", *own))

    def tree(self, name):
        """Every file below the folder, and its bytes."""
        found = {}
        for top, _, files in os.walk(os.path.join(self.folder, name)):
            for file in files:
                with open(os.path.join(top, file), "rb") as content:
                    found[os.path.join(top, file)] = content.read()
        return found

    def test_a_choice_that_is_none_leaves_no_comparison_and_keeps_an_earlier_one(self):
        self.write("rr", compared="wlc")
        words = ["compare", "mine.yaml", "--world", "flow", "--output", "out", "--seeds", "2",
                 "--scheduler-plugin", plugin("no_such_server")]
        wrong = (r"^lvslab run: scheduler faulty of tcp 192\.168\.26\.10:80: schedule\(\) returned "
                 r"place 7, but there are 3 real servers")
        for jobs in ("1", "2"):
            told = self.lvslab(*words, "--jobs", jobs, "--schedulers", "rr,faulty", code=2)
            self.assertEqual(told.stdout, "")
            self.assertEqual(len(re.findall(wrong, told.stderr, re.M)), 1, told.stderr)
            self.assertFalse(os.path.exists(os.path.join(self.folder, "out")))
        self.lvslab(*words, "--schedulers", "rr,wlc")
        before = self.tree("out")
        self.assertIn(os.path.join(self.folder, "out", "runs", "rr-1", "summary.json"), before)
        self.lvslab(*words, "--schedulers", "rr,faulty", code=2)
        self.assertEqual(self.tree("out"), before)
        self.write("faulty", compared="wlc")
        told = self.lvslab("verify", "mine.yaml", "--world", "flow", "--scheduler-plugin",
                           plugin("no_such_server"), code=2)
        self.assertEqual(told.stdout, "")
        self.assertRegex(told.stderr, "(?m)" + wrong)

    def test_the_kernel_world_has_the_kernels_own(self):
        told = self.refused("--world", "kernel", "--scheduler-plugin", plugin("round_robin"))
        self.assertIn("scheduler round-robin is a plug-in's", told)

    def test_the_example(self):
        source = os.path.join(ROOT, "sim", "plugin", "example", "least_by_hash.c")
        library = os.path.join(self.folder, "least_by_hash.so")
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        f"-I{ROOT}", "-o", library, source], check=True)
        self.write("least-by-hash", compared="least-by-hash")
        rows = self.decisions("out", "--world", "flow", "--scheduler-plugin", library)
        self.assertEqual({server for _, _, server in rows}, {"web1", "web2"})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
