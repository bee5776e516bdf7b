# SPDX-License-Identifier: GPL-2.0-only
"""What `lvslab verify` and the expectations of `lvslab run` do. Called as verify_test.py LVSLAB."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

LVSLAB = sys.argv[1]

LVS_CF = """serial_no = 1
primary = 192.168.26.9
service = lvs
network = nat
nat_router = 10.11.12.10 eth1:1
nat_nmask = 255.255.255.0
virtual shop {
     active = 1
     address = 192.168.26.10 eth0:1
     port = 80
     scheduler = rr
     protocol = tcp
     server web1 {
         address = 10.11.12.1
         active = 1
     }
     server web2 {
         address = 10.11.12.2
         active = 1
     }
}
"""
SCENARIO = """scenario: NAME
about: Two alike servers.
config: lvs.cf
routers:
  lvs1: { public: 192.168.26.9/24, private: 10.11.12.9/24 }
servers:
  web1: { address: 10.11.12.1/24, workers: 4, service: constant 5ms }
  web2: { address: 10.11.12.2/24, workers: 4, service: constant 5ms }
clients:
  office: { count: 4, network: 172.16.0.0/16 }
workload:
  shop:
    from: office
    to: 192.168.26.10:80
    arrivals: poisson 40/s
    for: 1s
    request: 400B
    response: 2KiB
compare:
  scheduler: [rr, wlc]
  seeds: 3
"""
HOLDS = ["served == 100%", "share of web1 between 45% and 55%", "refused == 0 over all seeds"]
FAILS = "max(response time of shop) <= 5ms"


class Verify(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.write("lvs.cf", LVS_CF)

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8") as file:
            return file.read()

    def scenario(self, name, expectations, path=None):
        lines = "".join(f"  - {e}\n" for e in expectations)
        text = SCENARIO.replace("NAME", name) + (f"expect:\n{lines}" if lines else "")
        self.write(path or f"{name}.yaml", text)

    def command(self, *arguments):
        return [LVSLAB, *arguments]

    def environment(self):
        return {**os.environ, "TMPDIR": self.temporary.name}

    def lvslab(self, *arguments):
        return subprocess.run(self.command(*arguments), cwd=self.folder.name, text=True,
                              capture_output=True, env=self.environment(), check=False)

    def verify(self, *arguments):
        done = self.lvslab("verify", *arguments)
        self.assertEqual(os.listdir(self.temporary.name), [], "nothing stays behind")
        return done

    def junit(self, name="junit.xml"):
        return xml.etree.ElementTree.parse(self.path(name)).getroot()

    def runner(self, body):
        self.write("runner", "#!/bin/sh\n" + body)
        os.chmod(self.path("runner"), 0o755)
        return self.path("runner")

    def test_all_that_holds_is_told_and_the_exit_code_is_0(self):
        self.scenario("pair", HOLDS)
        done = self.verify("pair.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for text in HOLDS:
            self.assertRegex(done.stdout, rf"(?m)^  holds +{re.escape(text)} ")
        self.assertIn("holds  the invariants", done.stdout)
        self.assertIn("1 scenario, 3 runs, 3 expectations: all hold", done.stdout)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["lvs.cf", "pair.yaml"])

    def test_a_failure_tells_place_value_bound_and_how_to_see_it(self):
        self.scenario("pair", HOLDS + [FAILS])
        done = self.verify("pair.yaml")
        self.assertEqual(done.returncode, 1)
        line = SCENARIO.count("\n") + 5
        self.assertRegex(done.stdout, rf"(?m)^  FAILS +{re.escape(FAILS)}  \d")
        self.assertIn(f"pair.yaml:{line}:5, expected <= 5ms", done.stdout)
        self.assertRegex(done.stdout, r"at \d[\d.]*s: connection \d+ of shop: a response of web[12]")
        self.assertIn("see it: lvslab run pair.yaml --seed 1", done.stdout)
        self.assertIn("4 expectations: 1 failed", done.stdout)

    def test_the_run_that_it_names_fails_in_the_same_way(self):
        self.scenario("pair", [FAILS])
        told = self.verify("pair.yaml").stdout
        done = self.lvslab("run", "pair.yaml", "--seed", "1", "--output", "out")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILS", done.stdout)
        at = re.search(r"at [\d.]+s: connection .*", told).group()
        self.assertIn(at, done.stdout)
        judged = json.loads(self.read("out", "expectations.json"))
        self.assertEqual(judged["format"], "lvslab-expectations-1")
        self.assertFalse(judged["holds"])
        self.assertEqual(judged["expectations"][0]["text"], FAILS)
        self.assertIn(at, judged["expectations"][0]["story"])

    def test_a_run_is_not_failed_by_what_only_many_runs_decide(self):
        self.scenario("pair", ["p50 over 3 seeds of max(response time) <= 1ms"])
        self.assertEqual(self.lvslab("run", "pair.yaml", "--output", "out").returncode, 0)
        done = self.verify("pair.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 scenario, 3 runs", done.stdout)

    def test_only_the_runs_that_are_needed_are_run(self):
        self.scenario("pair", ["refused == 0", "served == 100% with wlc", "reset == 0 with rr",
                               "timed out == 0 over 2 seeds with wlc"])
        done = self.verify("pair.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # rr is what the lvs.cf says.
        self.assertIn("1 scenario, 3 runs, 4 expectations", done.stdout)
        for name in ("configured-1", "wlc-1", "wlc-2"):
            self.assertIn(f"pair {name} finished", done.stderr)

    def test_without_expectations_the_invariants_are_watched(self):
        self.scenario("pair", [])
        done = self.verify("pair.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("holds  the invariants", done.stdout)
        self.assertIn("1 scenario, 1 run, 0 expectations", done.stdout)

    def test_seeds_can_be_cut_down_and_that_is_told(self):
        self.scenario("pair", ["refused == 0 over 20 seeds"])
        done = self.verify("pair.yaml", "--seeds", "2")
        self.assertIn("1 scenario, 2 runs", done.stdout)
        self.assertIn("(20 runs asked for)", done.stdout)

    def test_folders_are_searched_for_scenarios(self):
        self.write("all/b/lvs.cf", LVS_CF)
        self.write("all/a/lvs.cf", LVS_CF)
        self.scenario("second", ["refused == 0"], "all/b/scenario.yaml")
        self.scenario("first", ["refused == 0"], "all/a/one.yaml")
        self.write("all/a/other.yaml", "colours: [red]\n")
        self.write("all/.hidden/bad.yaml", "scenario: bad\n")
        done = self.verify("all", "all/a/one.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("2 scenarios, 2 runs", done.stdout)
        self.assertLess(done.stdout.index("one.yaml"), done.stdout.index("b/scenario.yaml"))

    def test_quiet_tells_what_fails_alone(self):
        self.scenario("good", HOLDS)
        self.scenario("bad", HOLDS + [FAILS])
        done = self.verify("good.yaml", "bad.yaml", "--quiet")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("good.yaml", done.stdout)
        self.assertNotIn("holds", done.stdout)
        self.assertIn("FAILS", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_junit_has_a_suite_for_each_scenario_and_a_case_for_each_expectation(self):
        self.scenario("good", HOLDS)
        self.scenario("bad", HOLDS + [FAILS])
        done = self.verify("good.yaml", "bad.yaml", "--junit", "junit.xml")
        self.assertEqual(done.returncode, 1)
        root = self.junit()
        self.assertEqual([s.get("name") for s in root], ["good", "bad"])
        for suite, expected in zip(root, (HOLDS, HOLDS + [FAILS])):
            self.assertEqual([c.get("name") for c in suite], expected + ["invariants"])
            self.assertEqual(int(suite.get("tests")), len(suite))
        self.assertEqual([s.get("failures") for s in root], ["0", "1"])
        failure = root.find("./testsuite[@name='bad']/testcase/failure")
        self.assertIn("expected <= 5ms", failure.get("message"))
        self.assertIn("connection", failure.text)

    def test_same_input_same_bytes_however_many_run_at_once(self):
        self.scenario("pair", HOLDS + [FAILS])
        one = self.verify("pair.yaml", "--jobs", "1", "--junit", "one.xml")
        four = self.verify("pair.yaml", "--jobs", "4", "--junit", "four.xml")
        self.assertEqual(one.stdout, four.stdout)
        self.assertEqual(self.read("one.xml"), self.read("four.xml"))

    def test_bad_input_is_told_at_once_and_nothing_is_run_or_written(self):
        self.scenario("good", HOLDS)
        self.scenario("bad", ["refusd == 0", "takeover <= 6"])
        done = self.verify("good.yaml", "bad.yaml", "missing", "--update")
        self.assertEqual(done.returncode, 2)
        line = SCENARIO.count("\n") + 2
        self.assertIn(f'bad.yaml:{line}:5: "refusd" is no quantity; did you mean "refused"?',
                      done.stderr)
        self.assertIn(f"bad.yaml:{line + 1}:17: ", done.stderr)
        self.assertIn("missing: there is no such file or folder", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertFalse(os.path.exists(self.path("results")))

    def test_junit_tells_bad_input_too(self):
        self.scenario("bad", ["refusd == 0"])
        done = self.verify("bad.yaml", "--junit", "junit.xml")
        self.assertEqual(done.returncode, 2)
        case = self.junit().find("./testsuite/testcase")
        self.assertEqual(case.get("name"), "input")
        self.assertIn("refusd", case.find("error").text)

    def test_a_junit_file_without_a_folder_is_refused_before_anything_runs(self):
        self.scenario("pair", HOLDS)
        runner = self.runner("touch started\n")
        done = self.verify("pair.yaml", "--runner", runner, "--junit", "no/junit.xml")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "--junit: there is no folder no\n")
        self.assertEqual(done.stdout, "")
        self.assertFalse(os.path.exists(self.path("started")))

    def test_two_scenarios_of_one_name_are_refused(self):
        self.scenario("pair", HOLDS)
        self.scenario("pair", HOLDS, "again.yaml")
        done = self.verify("pair.yaml", "again.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("again.yaml: is called pair, as pair.yaml is", done.stderr)

    @unittest.skipUnless(os.path.exists(LVSLAB + "-lab"), "built without the kernel world")
    def test_a_world_that_can_do_none_of_the_scenarios_verifies_nothing(self):
        killed = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..",
                              "scenarios", "takeover", "kill.yaml")
        done = self.verify("--world", "kernel", killed)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("can do none of these scenarios", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_what_is_of_one_world_is_refused_in_another(self):
        self.scenario("pair", HOLDS)
        done = self.verify("--virtual-time", "pair.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is of the kernel world", done.stderr)

    def test_a_folder_without_scenarios_is_bad_input(self):
        os.mkdir(self.path("empty"))
        done = self.verify("empty")
        self.assertEqual(done.returncode, 2)
        self.assertIn("empty: holds no scenario", done.stderr)

    def test_update_makes_a_reference_that_the_same_runs_meet(self):
        self.scenario("pair", HOLDS)
        done = self.verify("pair.yaml", "--update")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        reference = json.loads(self.read("results", "reference", "pair.json"))
        self.assertEqual(reference["command"], "lvslab verify --update pair.yaml")
        self.assertEqual([r["run"] for r in reference["runs"]],
                         ["configured-1", "configured-2", "configured-3"])
        self.assertEqual(len({r["fingerprint"] for r in reference["runs"]}), 3)
        self.assertGreater(reference["runs"][0]["figures"]["served"], 10)
        again = self.verify("pair.yaml", "--junit", "junit.xml")
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertIn("same   results/reference/pair.json", again.stdout)
        names = [c.get("name") for c in self.junit().iter("testcase")]
        self.assertEqual(names[-1], "reference")

    def test_what_differs_from_the_reference_is_told_and_fails_until_it_is_renewed(self):
        self.scenario("pair", HOLDS)
        self.verify("pair.yaml", "--update")
        text = self.read("pair.yaml").replace("2KiB", "3KiB")
        self.write("pair.yaml", text)
        done = self.verify("pair.yaml", "--junit", "junit.xml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("DIFFERS from results/reference/pair.json", done.stdout)
        self.assertRegex(done.stdout, r"configured-1: .*response_time_p50 [\d.]+ -> [\d.]+.*; "
                                      r"fingerprint [0-9a-f]{16} -> [0-9a-f]{16}")
        self.assertIsNotNone(self.junit().find(".//testcase[@name='reference']/failure"))
        renewed = self.verify("pair.yaml", "--update")
        self.assertEqual(renewed.returncode, 0)
        self.assertIn("response_time_p50", renewed.stdout)
        self.assertEqual(self.verify("pair.yaml").returncode, 0)

    def test_a_damaged_reference_is_told(self):
        self.scenario("pair", HOLDS)
        self.write("results/reference/pair.json", "{}")
        done = self.verify("pair.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("UNREADABLE results/reference/pair.json", done.stdout)

    def test_a_run_that_crashes_fails_what_it_was_needed_for(self):
        self.scenario("pair", HOLDS)
        runner = self.runner(f'case "$*" in *"--seed 2"*) echo "about to crash" >&2; kill -9 $$;; '
                             f'esac\nexec {LVSLAB} "$@"\n')
        done = self.verify("pair.yaml", "--runner", runner, "--junit", "junit.xml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("NO RUN configured-2: signal 9", done.stdout)
        self.assertIn("about to crash", done.stdout)
        self.assertIn("1 run did not finish", done.stdout)
        self.assertIsNotNone(self.junit().find(".//testcase[@name='runs']/error"))

    def test_ctrl_c_ends_the_runs_and_leaves_nothing(self):
        self.scenario("pair", HOLDS)
        os.mkfifo(self.path("pids"))
        runner = self.runner("echo $$ > pids\nexec sleep 600\n")
        process = subprocess.Popen(self.command("verify", "pair.yaml", "--runner", runner, "--jobs",
                                                "2", "--junit", "junit.xml"),
                                   cwd=self.folder.name, env=self.environment(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        pids = []
        while len(pids) < 2:
            pids += self.read("pids").split()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(out, "")
        for pid in pids:
            self.assertFalse(os.path.exists(f"/proc/{pid}"), "the runs have ended")
        self.assertEqual(os.listdir(self.temporary.name), [])
        self.assertFalse(os.path.exists(self.path("junit.xml")))

    def test_compare_judges_each_scheduler(self):
        self.scenario("pair", ["refused == 0", "max(response time) <= 1ms with wlc"])
        done = self.lvslab("compare", "pair.yaml", "--output", "out")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("holds rr: refused == 0", done.stdout)
        self.assertIn("FAILS wlc: max(response time) <= 1ms with wlc", done.stdout)
        self.assertNotIn("rr: max(response time)", done.stdout)
        judged = json.loads(self.read("out", "summary.json"))["expectations"]
        self.assertEqual([(e["scheduler"], e["holds"]) for e in judged],
                         [("rr", True), ("wlc", True), ("wlc", False)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
