#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/bench/compare.py on small files made by hand."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(__file__), "..", "..", "bench", "compare.py")


def run_of(bare, **rates):
    """A run on a machine whose bare loop does `bare` connections a second."""
    rows = [{"name": "bare", "unit": "connections", "per_second": bare}]
    rows += [{"name": name, "unit": "connections", "per_second": rate, "ratio": rate / bare,
              "against": "bare"} for name, rate in rates.items()]
    return {"bench": "flow", "rates": rows, "figures": []}


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def compare(self, old, new, *options):
        paths = [self.file("old.json", old), self.file("new.json", new)]
        return subprocess.run([sys.executable, SCRIPT, *paths, *options], capture_output=True,
                              text=True, check=False)

    def test_a_slower_machine_is_not_a_slower_program(self):
        done = self.compare(run_of(10e6, rr=3e6), run_of(5e6, rr=1.5e6))
        self.assertEqual((done.returncode, done.stdout),
                         (0, "nothing got slower by more than 10%\n"))

    def test_names_what_got_slower_and_nothing_else(self):
        done = self.compare(run_of(10e6, rr=3e6, wlc=2e6), run_of(10e6, rr=3e6, wlc=1e6))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "wlc: SLOWER by 50.0% (0.200 -> 0.100 of the bare loop)\n")

    def test_the_threshold_decides(self):
        old, new = run_of(10e6, rr=3e6), run_of(10e6, rr=2.4e6)
        self.assertEqual(self.compare(old, new, "--threshold", "0.25").returncode, 0)
        self.assertEqual(self.compare(old, new, "--threshold", "0.15").returncode, 1)

    def test_what_only_one_file_has_is_told(self):
        done = self.compare(run_of(10e6, rr=3e6, lc=3e6), run_of(10e6, rr=3e6))
        self.assertEqual(done.returncode, 0)
        self.assertIn("lc: only in ", done.stdout)

    def refused(self, new, message):
        done = self.compare(run_of(10e6, rr=3e6), new)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("new.json: " + message, done.stderr)

    def test_bad_input_is_refused_with_one_message(self):
        self.refused("{", "not JSON")
        self.refused("[]", 'no list "rates"')
        self.refused({"rates": [{"ratio": 1}]}, "rates[0]: no name")
        self.refused({"rates": [{"name": "rr", "ratio": 0}]}, '"rr": ratio 0')
        self.refused({"rates": [{"name": "rr", "ratio": "3"}]}, "\"rr\": ratio '3'")
        self.refused({"rates": [{"name": "bare"}]}, "no rate has a ratio")
        twice = [{"name": "rr", "ratio": 1}] * 2
        self.refused({"rates": twice}, '"rr" is there twice')

    def test_a_file_that_is_not_there_is_refused(self):
        done = subprocess.run([sys.executable, SCRIPT, "/nowhere.json", "/nowhere.json"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere.json: No such file", done.stderr)


if __name__ == "__main__":
    unittest.main()
