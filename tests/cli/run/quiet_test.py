# SPDX-License-Identifier: GPL-2.0-only
"""`lvslab run --world kernel --quiet` says nothing but errors, whatever the routers' daemons log.
Called as quiet_test.py LVSLAB SCENARIO; in lvslab-lab's place stands a script that says what daemons
say."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

LVSLAB, SCENARIO = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))

STAMP = "2026-01-31 12:00:00.250 lvsrouter[41]: "
INFO = f"{STAMP}info: active: no partner is configured\n"
WARNING = f"{STAMP}warning: heartbeats: no partner\n"
ERROR = f"{STAMP}error: 192.168.26.10 cannot be raised: info: no eth0\n"
REST = "lvslab-lab: the machine is not fit: info: warning: none\n2026 whole lines\nand half a line"


class Quiet(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        shutil.copy(LVSLAB, self.folder / "lvslab")
        (self.folder / "said").write_text(INFO + WARNING + ERROR + INFO + REST)
        lab = self.folder / "lvslab-lab"
        lab.write_text(f"#!/bin/sh\ncat {self.folder}/said >&2\nexit 2\n")
        lab.chmod(0o755)

    def said(self, *words):
        done = subprocess.run([self.folder / "lvslab", "run", "--world", "kernel", *words,
                               SCENARIO], cwd=self.folder, capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        return done.stderr

    def test_daemons_lines_that_are_no_errors_are_left_out(self):
        self.assertEqual(self.said("--quiet"), ERROR + REST)

    def test_without_it_all_is_said(self):
        self.assertEqual(self.said(), INFO + WARNING + ERROR + INFO + REST)


if __name__ == "__main__":
    unittest.main()
