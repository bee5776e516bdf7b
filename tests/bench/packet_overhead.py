#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares the packet world with its director against the same traffic through a plain ns-3 router.

    packet_overhead.py build/release/bin/packet_overhead

Instructions (callgrind, a smaller run; the cost of building the network taken off by a run of a
quarter of its size), median CPU time of interleaved runs, and the peak memory of a quarter of the
connections against all of them. Exit code 1 if a limit of the project's is passed, 0 if all hold.
"""
import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

INSTRUCTION_LIMIT = 1.05
CPU_LIMIT = 1.10
# Connections that have ended leave nothing behind but their entries in the director's table, which
# time out as the kernel's do (2 minutes): at the most this many bytes for each.
BYTES_PER_ENDED_CONNECTION = 400


def run(program, method, router, connections, decisions, prefix=()):
    command = [*prefix, program, method, router, str(connections), str(decisions)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    if result["served"] != result["connections"]:
        sys.exit(f"{' '.join(command)}: only {result['served']} of {result['connections']} served")
    return result, done.stderr


def instructions(program, method, router, connections, folder):
    prefix = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    decisions = folder / f"counted-{method}-{connections}"
    _, messages = run(program, method, router, connections, decisions, prefix)
    return int(re.search(r"refs:\s+([\d,]+)", messages).group(1).replace(",", ""))


def compare_instructions(program, method, counted, folder):
    cost = {}
    for router in ("director", "plain"):
        whole = instructions(program, method, router, counted, folder)
        part = instructions(program, method, router, counted // 4, folder)
        cost[router] = (whole - part) / (counted - counted // 4)
    ratio = cost["director"] / cost["plain"]
    print(
        f"{method}: instructions a connection {cost['director']:,.0f} with the director, "
        f"{cost['plain']:,.0f} without: {ratio:.4f} (at most {INSTRUCTION_LIMIT})"
    )
    return ratio <= INSTRUCTION_LIMIT


def compare_time(program, method, connections, runs, folder):
    seconds = {"director": [], "plain": []}
    peak = 0
    for i in range(runs):
        # The plain run needs a director's decisions; then the order alternates, so that a machine
        # that grows busier does not favour one of them.
        for router in ("director", "plain") if i % 2 == 0 else ("plain", "director"):
            result, _ = run(program, method, router, connections, folder / method)
            seconds[router].append(result["cpu_seconds"])
            if router == "director":
                peak = max(peak, result["peak_kilobytes"])
    medians = {router: statistics.median(times) for router, times in seconds.items()}
    ratio = medians["director"] / medians["plain"]
    print(
        f"{method}: median CPU time of {runs} runs of {connections} connections "
        f"{medians['director']:.2f} s with the director, {medians['plain']:.2f} s without: "
        f"{ratio:.3f} (at most {CPU_LIMIT})"
    )
    return ratio <= CPU_LIMIT, peak


def compare_memory(program, method, connections, peak, folder):
    quarter, _ = run(program, method, "director", connections // 4, folder / f"quarter-{method}")
    grown = (peak - quarter["peak_kilobytes"]) * 1024 / (connections - connections // 4)
    print(
        f"{method}: peak memory {quarter['peak_kilobytes'] / 1024:.1f} MB after "
        f"{connections // 4} connections, {peak / 1024:.1f} MB after {connections}: "
        f"{grown:.0f} bytes a connection (at most {BYTES_PER_ENDED_CONNECTION})"
    )
    return grown <= BYTES_PER_ENDED_CONNECTION


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path, help="the built packet_overhead")
    parser.add_argument("--connections", type=int, default=20000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--method", choices=("nat", "direct"), help="that one alone")
    parser.add_argument("--counted", type=int, default=400, help="connections under callgrind")
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    counting = shutil.which("valgrind") is not None
    if not counting:
        print("valgrind is not installed: instructions are not counted", file=sys.stderr)
    held = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for method in (arguments.method,) if arguments.method else ("nat", "direct"):
            in_time, peak = compare_time(
                program, method, arguments.connections, arguments.runs, folder
            )
            held &= in_time
            held &= compare_memory(program, method, arguments.connections, peak, folder)
            if counting:
                held &= compare_instructions(program, method, arguments.counted, folder)
            sys.stdout.flush()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
