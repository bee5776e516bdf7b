#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Names what got slower between two runs of the benchmarks.

Compares the JSON of two runs (flow_bench --json) by each rate's ratio to the bare loop of its own
run, so that machines of different speed can be compared. Exit code: 0 nothing got slower by more
than the threshold, 1 something did, 2 the input is bad.
"""
import argparse
import json
import sys


def fail(message):
    print(f"compare.py: {message}", file=sys.stderr)
    sys.exit(2)


def ratios_of(path):
    """The ratios of one file by name: {"loop with Ipvs, rr, 100 servers": 0.21, ...}."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except ValueError as error:
        fail(f"{path}: not JSON: {error}")
    rates = document.get("rates") if isinstance(document, dict) else None
    if not isinstance(rates, list):
        fail(f'{path}: no list "rates"')
    ratios = {}
    for number, rate in enumerate(rates):
        if not isinstance(rate, dict) or not isinstance(rate.get("name"), str):
            fail(f"{path}: rates[{number}]: no name")
        if "ratio" not in rate:
            continue  # the bare loop itself
        ratio = rate["ratio"]
        if isinstance(ratio, bool) or not isinstance(ratio, (int, float)) or not ratio > 0:
            fail(f'{path}: "{rate["name"]}": ratio {ratio!r} is no positive number')
        if rate["name"] in ratios:
            fail(f'{path}: "{rate["name"]}" is there twice')
        ratios[rate["name"]] = ratio
    if not ratios:
        fail(f"{path}: no rate has a ratio to a bare loop")
    return ratios


def main():
    parser = argparse.ArgumentParser(description="Names what got slower between two runs.")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--threshold", type=float, default=0.1,
                        help="how much slower is too slow, as a part (default 0.1)")
    arguments = parser.parse_args()
    if not 0 <= arguments.threshold < 1:
        fail(f"--threshold {arguments.threshold}: from 0 to below 1")
    old, new = ratios_of(arguments.old), ratios_of(arguments.new)
    slower = False
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            print(f"{name}: only in {arguments.old if name in old else arguments.new}")
            continue
        change = new[name] / old[name] - 1
        if change < -arguments.threshold:
            slower = True
            print(f"{name}: SLOWER by {-change:.1%} ({old[name]:.3f} -> {new[name]:.3f} "
                  "of the bare loop)")
        elif change > arguments.threshold:
            print(f"{name}: faster by {change:.1%} ({old[name]:.3f} -> {new[name]:.3f} "
                  "of the bare loop)")
    if not slower:
        print(f"nothing got slower by more than {arguments.threshold:.0%}")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
