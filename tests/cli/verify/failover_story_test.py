# SPDX-License-Identifier: GPL-2.0-only
"""The build that goes red for one number of an lvs.cf. Called as failover_story_test.py LVSLAB."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LVSLAB = sys.argv[1]
STORY = pathlib.Path(__file__).resolve().parents[3] / "scenarios" / "failover-story"


class FailoverStory(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.story = pathlib.Path(folder.name) / "story"
        shutil.copytree(STORY, self.story)

    def verify(self):
        return subprocess.run([LVSLAB, "verify", "scenario.yaml"], cwd=self.story, text=True,
                              capture_output=True, check=False)

    def test_a_longer_deadtime_is_told_with_what_happened_when(self):
        lvs_cf = self.story / "lvs.cf"
        changed = re.sub(r"(?m)^deadtime = 3$", "deadtime = 8", lvs_cf.read_text())
        self.assertNotEqual(changed, lvs_cf.read_text())
        lvs_cf.write_text(changed)
        done = self.verify()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        failure = re.search(r"(?ms)^  FAILS +outage <= 6s from 30s until 60s.*?(?=^  (?:holds|FAILS)|\Z)",
                            done.stdout)
        self.assertIsNotNone(failure, done.stdout)
        told = failure.group(0)
        self.assertRegex(told, r"scenario\.yaml:\d+:5, expected <= 6s")
        self.assertRegex(told, r"30s +fault: crash active router")
        self.assertRegex(told, r"37\.[5-9]\d*s +lvs2 becomes active|38\.0\d*s +lvs2 becomes active")
        # The other promises do not hang on deadtime.
        self.assertRegex(done.stdout, r"(?m)^  holds +connections to web1 == 0 from 12s after")
        self.assertRegex(done.stdout, r"(?m)^  holds +active routers <= 1 from 1s after")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
