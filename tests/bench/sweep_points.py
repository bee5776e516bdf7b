#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a sweep costs beside bare `lvslab run` processes: sweep_points.py LVSLAB [--points N]
[--rounds R] [--world W] [--json FILE]

The same runs of the tiny scenario of the tests, in turns: a bare loop of as many processes at a time
as a sweep has workers, then the sweep on local dask (start of Python, checks, files and tables are in
it, the page is not). Prints points a second and the overhead a point.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TINY = os.path.join(PROJECT, "tests/cli/sweep/tiny/tiny.yaml")


def bare(lvslab, points, world, workers, folder):
    """Seconds for one process after the other, `workers` at a time; results are thrown away."""
    def run(number):
        out = os.path.join(folder, str(number))
        subprocess.run([lvslab, "run", TINY, "--seed", str(number), "--world", world, "--output",
                        out, "--quiet", "--journal", "none"], check=True)
        shutil.rmtree(out)
    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, range(1, points + 1)))
    return time.perf_counter() - start


def sweep(lvslab, points, world, workers, folder):
    """Seconds of A sweep over as many points as the loop has runs."""
    file = os.path.join(folder, "sweep.yaml")
    with open(file, "w", encoding="utf-8") as out:
        out.write(f"sweep: bench\nscenario: {TINY}\nworld: {world}\nmeasure: p50\nparameters:\n"
                  f"  servers.web1.speed: {{ from: 1, to: 2 }}\nsample: {{ sobol: {points} }}\n")
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "sweeps", file, "--output", os.path.join(folder, "out"),
                    "--no-page", "--quiet", "--workers", str(workers)], check=True,
                   env={**os.environ, "LVSLAB": lvslab, "PYTHONDONTWRITEBYTECODE": "1",
                        "PYTHONPATH": os.path.join(PROJECT, "bindings/lvslab")})
    seconds = time.perf_counter() - start
    with open(os.path.join(folder, "out", "points.csv"), encoding="utf-8") as table:
        rows = sum(1 for _ in table) - 1
    if rows != points:
        sys.exit(f"{rows} of {points} points in the table")
    return seconds


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("lvslab")
    p.add_argument("--points", type=int, default=1000)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--workers", type=int, default=os.cpu_count())
    p.add_argument("--world", default="packet")
    p.add_argument("--json")
    a = p.parse_args()
    seconds = {"bare": [], "sweep": []}
    for number in range(a.rounds):
        for name, measure in (("bare", bare), ("sweep", sweep)):
            with tempfile.TemporaryDirectory() as folder:
                seconds[name].append(measure(os.path.abspath(a.lvslab), a.points, a.world,
                                             a.workers, folder))
        print(f"round {number + 1}: bare {seconds['bare'][-1]:.1f} s, "
              f"sweep {seconds['sweep'][-1]:.1f} s", flush=True)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    result = {
        "points": a.points, "workers": a.workers, "world": a.world, "seconds": seconds,
        "bare_points_per_second": a.points / middle["bare"],
        "sweep_points_per_second": a.points / middle["sweep"],
        # Time of one worker that a point costs more than its bare process.
        "overhead_ms_per_point": 1000 * a.workers * (middle["sweep"] - middle["bare"]) / a.points,
        "ratio": statistics.median(s / b for b, s in zip(seconds["bare"], seconds["sweep"])),
    }
    print(f"{result['bare_points_per_second']:.1f} points/s bare, "
          f"{result['sweep_points_per_second']:.1f} points/s by sweep: "
          f"{result['overhead_ms_per_point']:.1f} ms a point more, {result['ratio']:.2f} times as "
          "long")
    if a.json:
        with open(a.json, "w", encoding="utf-8") as out:
            json.dump(result, out, indent=2)


main()
