#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""conformance.py must find, shrink and write what differs: the model is told lc where the kernel
has wlc. usage: conformance_test.py FOLDER_OF_PROGRAMS Found|Shrunk"""
import os
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

    def test_what_is_no_script_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            binary = pathlib.Path(folder) / "some.script"
            binary.write_bytes(b"\x7fELF\xff\xfe\x00")
            told = conformance("--replay", SCRIPT, binary)
        self.assertEqual((told.returncode, told.stdout), (2, ""), told.stderr)
        self.assertEqual(told.stderr, f"conformance: {binary}: is no script (no text)\n")

    def test_schedulers_that_do_not_exist_are_told(self):
        for pair in ("rr=nope", "nope=rr"):
            # Many decisions: it must not begin with them.
            told = conformance("--believe", pair)
            self.assertEqual((told.returncode, told.stdout), (2, ""), told.stderr)
            self.assertIn("--believe: no scheduler is called nope; there are rr, wrr, lc, wlc,",
                          told.stderr)

    def test_stopped_it_leaves_nothing_behind(self):
        for words in (("--replay", SCRIPT), ("--decisions", 40, "--schedulers", "wlc")):
            with tempfile.TemporaryDirectory() as folder:
                run = subprocess.Popen([PROGRAM, "--programs", PROGRAMS, *map(str, words)],
                                       env={**os.environ, "TMPDIR": folder}, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                # The guest is about to start.
                while not list(pathlib.Path(folder).glob("*/played/scripts/*.script")):
                    self.assertIsNone(run.poll(), words)
                run.terminate()
                out, err = run.communicate()
                self.assertEqual((run.returncode, out, err), (130, "", ""), words)
                self.assertEqual(os.listdir(folder), [], words)


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
