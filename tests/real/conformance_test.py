#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""conformance.py must find, shrink and write what differs: the model is told lc where the kernel
has wlc. usage: conformance_test.py FOLDER_OF_PROGRAMS Found|Shrunk"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).with_name("conformance.py")
PROGRAMS = sys.argv.pop(1)
SCRIPT = pathlib.Path(__file__).with_name("wlc_is_not_lc.script")
MOST_STEPS = 10  # a timeout, a service, two servers and a few arrivals tell wlc and lc apart


def conformance(*words):
    return subprocess.run([PROGRAM, "--programs", PROGRAMS, *map(str, words)], text=True,
                          capture_output=True, check=False)


class Found(unittest.TestCase):
    def test_a_model_that_chooses_otherwise_is_found_and_a_right_one_is_not(self):
        wrong = conformance("--replay", SCRIPT, "--believe", "wlc=lc")
        self.assertEqual(wrong.returncode, 1, wrong.stdout + wrong.stderr)
        right = conformance("--replay", SCRIPT)
        self.assertEqual(right.returncode, 0, right.stdout + right.stderr)

    def test_wrong_arguments_are_told(self):
        absent = conformance("--replay", "/no/such.script")
        self.assertEqual(absent.returncode, 2)
        self.assertIn("/no/such.script", absent.stderr)
        unbuilt = subprocess.run([PROGRAM, "--programs", "/no/such", "--decisions", "10"],
                                 text=True, capture_output=True, check=False)
        self.assertEqual(unbuilt.returncode, 2)
        self.assertIn("ipvs_oracle", unbuilt.stderr)


class Shrunk(unittest.TestCase):
    def test_a_mismatch_is_shrunk_to_a_script_that_shows_it_again(self):
        with tempfile.TemporaryDirectory() as folder:
            found = conformance("--decisions", 40, "--schedulers", "wlc", "--seed", 6, "--out",
                                folder, "--believe", "wlc=lc")
            self.assertEqual(found.returncode, 1, found.stdout + found.stderr)
            shrunk = re.search(r"shrunk to (\d+) steps: (.*)", found.stdout)
            self.assertIsNotNone(shrunk, found.stdout + found.stderr)
            self.assertLessEqual(int(shrunk[1]), MOST_STEPS)
            script = pathlib.Path(shrunk[2])
            again = conformance("--replay", script, "--believe", "wlc=lc")
            self.assertEqual(again.returncode, 1, again.stdout + again.stderr)
            # A right model plays it as the kernel does.
            right = conformance("--replay", script)
            self.assertEqual(right.returncode, 0, right.stdout + right.stderr)


if __name__ == "__main__":
    unittest.main()
