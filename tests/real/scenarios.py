#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes scenario scripts for ipvs_oracle: `scenarios.py FOLDER [NAME ...]`.

Each scenario is a function of its name and a seed drawn from the name: the same name gives the
same script on every machine. `scenarios.py --list` prints the names with one line each.
"""
import argparse
import pathlib
import sys

import scenarios_changes  # noqa: F401 (its scenarios register themselves)
import scenarios_forwarding  # noqa: F401
from scenario_script import SCENARIOS, Script


def make(name):
    function, _ = SCENARIOS[name]
    script = Script(f"lvslab {name}", v6=name.startswith("six_"))
    function(script)
    return "\n".join(script.lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="print the scenarios")
    arguments = parser.parse_args()
    if arguments.list:
        for name, (_, what) in SCENARIOS.items():
            print(f"{name:18} {what}")
        return 0
    unknown = [n for n in arguments.names if n not in SCENARIOS]
    if arguments.folder is None or unknown:
        print("unknown: " + " ".join(unknown) if unknown else "a folder is needed",
              file=sys.stderr)
        return 2
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or SCENARIOS:
        (arguments.folder / f"{name}.script").write_text(make(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
