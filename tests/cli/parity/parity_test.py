# SPDX-License-Identifier: GPL-2.0-only
"""`lvslab parity` with the flow world, and on journals that a world left. Called as
parity_test.py LVSLAB."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

LVSLAB = os.path.abspath(sys.argv.pop(1))
STORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "scenarios",
                     "failover-story")


class Parity(unittest.TestCase):
    """A takeover, a crash of a real server and a reboot, run once for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        shutil.copytree(STORY, cls.path("story"))
        cls.run_story("whole", "--segments", "--journal", "all")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, *names):
        return os.path.join(cls.folder.name, *names)

    @classmethod
    def run_story(cls, output, *options):
        subprocess.run([LVSLAB, "run", cls.path("story", "scenario.yaml"), "--output",
                        cls.path(output), "--quiet", *options], check=False,
                       stderr=subprocess.DEVNULL)
        return cls.path(output, "journal.lvsj")

    def parity(self, journal, *options, story="story"):
        return subprocess.run([LVSLAB, "parity", self.path(story, "scenario.yaml"), "--journal",
                               journal, *options], capture_output=True, text=True, check=False)

    def test_a_run_is_at_parity_with_itself(self):
        done = self.parity(self.path("whole", "journal.lvsj"), "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["largest_share_difference"], 0)
        self.assertEqual(found["takeover_difference"], 0)
        for replay in found["replays"]:
            self.assertEqual({one["router"] for one in replay}, {"lvs1", "lvs1-2", "lvs2"})
            for one in replay:
                self.assertEqual(one["mismatches"], 0)
                self.assertGreater(one["packets"], 1000)

    def test_recordings_can_be_replayed_by_conform(self):
        self.parity(self.path("whole", "journal.lvsj"), "--save", self.path("saved"))
        done = subprocess.run([LVSLAB, "conform", self.path("saved")], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("3 files", done.stdout)

    def test_another_deadtime_is_another_story_and_the_difference_is_told(self):
        shutil.copytree(self.path("story"), self.path("slow"))
        with open(self.path("slow", "lvs.cf"), encoding="utf-8") as file:
            text = file.read()
        changed = text.replace("deadtime = 3", "deadtime = 8")
        self.assertNotEqual(changed, text)
        with open(self.path("slow", "lvs.cf"), "w", encoding="utf-8") as file:
            file.write(changed)
        done = self.parity(self.path("whole", "journal.lvsj"), "--json", story="slow")
        self.assertGreater(json.loads(done.stdout)["takeover_difference"], 1)

    def test_a_world_that_chose_otherwise_is_found(self):
        """The journal's run had rr; the scenario says what it was: another scheduler."""
        text = subprocess.run([LVSLAB, "parity", self.path("story", "scenario.yaml"), "--journal",
                               self.path("whole", "journal.lvsj"), "--save", self.path("forged")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(text.returncode, 0, text.stderr)
        name = next(f for f in sorted(os.listdir(self.path("forged"))) if "lvs2" in f)
        with open(self.path("forged", name), encoding="utf-8") as file:
            lines = file.readlines()
        first = next(i for i, line in enumerate(lines) if '"f":"S"' in line)
        servers = [json.loads(line)["to"] for line in lines if '"f":"S"' in line]
        entry = json.loads(lines[first])
        entry["to"] = next(s for s in servers if s and s != entry["to"])
        lines[first] = json.dumps(entry) + "\n"
        with open(self.path("forged", name), "w", encoding="utf-8") as file:
            file.writelines(lines)
        done = subprocess.run([LVSLAB, "conform", self.path("forged", name)], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)

    def suite(self, *arguments):
        return subprocess.run([LVSLAB, "parity", *arguments], capture_output=True, text=True,
                              check=False)

    @unittest.skipUnless(os.path.exists(LVSLAB + "-lab"), "built without the kernel world")
    def test_scenarios_that_a_world_cannot_do_are_named_with_the_reason_and_are_no_agreement(self):
        folder = self.path("killed")
        os.mkdir(folder)
        for name in ["kill.yaml", "2-3.cf"]:
            shutil.copy(os.path.join(STORY, "..", "takeover", name), folder)
        done = self.suite(folder)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^refused .*kill\.yaml:\d+:\d+: \"kill lvs1\"")
        self.assertIn("0 compared, of which 0 are at parity; 1 refused", done.stdout)
        found = json.loads(self.suite("--json", folder).stdout)
        self.assertEqual([one["state"] for one in found["scenarios"]], ["refused"])
        self.assertEqual(found["summary"]["refused"], 1)

    def test_the_flow_world_is_at_parity(self):
        done = self.suite(self.path("story", "scenario.yaml"), "--with", "flow", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["worlds"], ["packet", "flow"])
        for replay in found["replays"]:
            self.assertEqual({one["router"] for one in replay}, {"lvs1", "lvs1-2", "lvs2"})
            for one in replay:
                self.assertEqual(one["mismatches"], 0)
                self.assertGreater(one["events"], 1000)
        self.assertLess(found["takeover_difference"], 0.001)
        self.assertLess(found["response_time_ks"], found["response_time_ks_limit"])
        self.assertTrue(0 < found["response_time_shift"] < 0.001, found)

    def test_a_choice_that_is_not_of_core_ipvs_fails(self):
        """The flow world ran with the real servers' addresses the other way round."""
        self.run_story("flow", "--world", "flow", "--segments", "--journal", "all")
        shutil.copytree(self.path("story"), self.path("swapped"))
        for name in ("scenario.yaml", "lvs.cf"):
            with open(self.path("swapped", name), encoding="utf-8") as file:
                text = file.read()
            with open(self.path("swapped", name), "w", encoding="utf-8") as file:
                file.write(text.replace("10.11.12.1/", "A/").replace("10.11.12.1\n", "A\n")
                           .replace("10.11.12.2/", "10.11.12.1/")
                           .replace("10.11.12.2\n", "10.11.12.1\n")
                           .replace("A/", "10.11.12.2/").replace("A\n", "10.11.12.2\n"))
        done = self.parity(self.path("flow", "journal.lvsj"), story="swapped")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"flow +lvs1 .* [1-9][0-9]* mismatches")
        self.assertRegex(done.stdout, "flow had: to 10.11.12.[12]:80 by nat")
        self.assertTrue(done.stdout.endswith("parity does NOT hold\n"))

    def test_what_the_flow_world_cannot_do_is_told_with_its_place(self):
        redirect = os.path.join(STORY, "..", "arp-problem", "redirect.yaml")
        done = self.suite(redirect, "--with", "flow")
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertRegex(done.stderr, r"redirect\.yaml:\d+:\d+: server web1 has a packet_cost; the "
                                      r"flow world has no packets")
        done = self.suite(redirect, self.path("story", "scenario.yaml"), "--with", "flow")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^refused .*redirect\.yaml: .*redirect\.yaml:\d+:\d+: "
                                      r"server web1 has a packet_cost")
        self.assertRegex(done.stdout, r"(?m)^same .*scenario\.yaml: [0-9]+ packets, 0 mismatches, one "
                                      r"story, .*, response times KS 0\.")
        self.assertIn("1 compared, of which 1 are at parity; 1 refused", done.stdout)

    def test_options_of_the_other_worlds_are_refused(self):
        story = self.path("story", "scenario.yaml")
        for words in (["--with", "flow", "--virtual-time"], ["--with", "packet"],
                      ["--with", "flow", "--journal", self.path("whole", "journal.lvsj")]):
            done = self.suite(story, *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(words[-1] if words[-1].startswith("--v") else "--with", done.stderr)

    def test_a_wrong_file_among_several_is_bad_input(self):
        broken = self.path("broken.yaml")
        with open(broken, "w", encoding="utf-8") as file:
            file.write("scenario: broken\nrouters: 7\n")
        done = self.suite(self.path("story", "scenario.yaml"), broken)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("broken.yaml:2", done.stderr)
        done = self.suite(self.path("story"), "--save", self.path("x"))
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("--save are of one scenario", done.stderr)

    def test_a_journal_without_packets_is_no_agreement(self):
        journal = self.run_story("thin", "--journal", "all")
        done = self.parity(journal)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no packet met IPVS", done.stdout)

    def test_bad_input_is_refused(self):
        for journal, message in [(self.path("nothing.lvsj"), "No such file"),
                                 (self.path("story", "lvs.cf"), "byte 0"),
                                 (self.run_story("decisions"), "level all")]:
            done = self.parity(journal)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn(message, done.stderr)
            self.assertEqual(done.stdout, "")
        shutil.copytree(self.path("story"), self.path("other"))
        with open(self.path("other", "scenario.yaml"), encoding="utf-8") as file:
            text = file.read()
        with open(self.path("other", "scenario.yaml"), "w", encoding="utf-8") as file:
            file.write(text.replace("scenario: failover-story", "scenario: other"))
        done = self.parity(self.path("whole", "journal.lvsj"), story="other")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is of scenario failover-story, not of other", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
