# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of sweeps share: python3 -B X_test.py LVSLAB PROJECT [TEST...]"""
import csv
import os
import sys
import tempfile
import unittest

LVSLAB, PROJECT = (os.path.abspath(p) for p in sys.argv[1:3])
TINY = os.path.join(PROJECT, "tests/cli/sweep/tiny/tiny.yaml")
sys.path.insert(0, os.path.join(PROJECT, "bindings/lvslab"))
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


class SweepTest(unittest.TestCase):
    """A folder of its own for each test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def tree(self, name):
        """name -> bytes of every file below the folder."""
        found = {}
        for top, _, files in os.walk(self.path(name)):
            for file in files:
                with open(os.path.join(top, file), "rb") as content:
                    found[os.path.relpath(os.path.join(top, file), self.path(name))] = \
                        content.read()
        return found

    def sweep_of(self, parameters, more=""):
        """A sweep file over the tiny scenario."""
        return self.write("s.yaml", f"sweep: s\nscenario: {TINY}\nparameters: {parameters}\n{more}")

    def program(self):
        """An lvslab that notes each run (number_of_runs) and does before it what mode() says."""
        path = self.write("lvslab", f"""#!/bin/sh
if [ "$1" = run ] && [ "$2" != --check ] && [ "$2" != --help ]; then
    seed=$4
    echo "$seed" >> "{self.path('runs')}"
    . "{self.path('mode')}"
fi
exec "{LVSLAB}" "$@"
""")
        os.chmod(path, 0o755)
        self.mode("")
        self.write("runs", "")
        return path

    def mode(self, commands):
        self.write("mode", commands + "\n")

    def number_of_runs(self):
        return len(self.read("runs").splitlines())

    def rows(self, name="out/points.csv"):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def main():
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
