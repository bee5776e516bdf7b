#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The flow world's engine beside the same model in SimPy, in turn in one run.

100 first come, first served servers, round robin, Poisson arrivals at load 0.8, exponential
service of mean 1 s. SimPy: one process a connection, no connection table. The engine: flow_bench's,
with the whole of core::Ipvs. Each is measured for about a second of CPU time a round.

    tests/bench/simpy_flow.py build/release/bin/flow_bench [--rounds 3] [--json FILE]
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

import simpy

SERVERS = 100
LOAD = 0.8
ENGINE_CONNECTIONS = 4_000_000  # about the CPU time of SimPy's 100 000


def simpy_rate(connections):
    """Connections a second of CPU time in SimPy."""
    env = simpy.Environment()
    servers = [simpy.Resource(env) for _ in range(SERVERS)]
    served = [0] * SERVERS
    times = []
    draw = random.Random(1).expovariate

    def connection(server):
        arrived = env.now
        with servers[server].request() as request:
            yield request
            yield env.timeout(draw(1.0))
        served[server] += 1
        times.append(env.now - arrived)

    def arrivals():
        for number in range(connections):
            yield env.timeout(draw(LOAD * SERVERS))
            env.process(connection(number % SERVERS))

    env.process(arrivals())
    begin = time.process_time()
    env.run()
    return connections / (time.process_time() - begin)


def engine_rate(flow_bench):
    """Connections a second of CPU time in the flow world's engine."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flow.json")
        subprocess.run([flow_bench, "--servers", str(SERVERS), "--scheduler", "rr", "--rounds",
                        "1", "--connections", str(ENGINE_CONNECTIONS), "--json", path],
                       check=True, stdout=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as file:
            rates = json.load(file)["rates"]
    return next(r["per_second"] for r in rates if r["name"].startswith("flow engine"))


def main():
    parser = argparse.ArgumentParser(description="the flow world's engine beside SimPy")
    parser.add_argument("flow_bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=100000, help="of SimPy, each round")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    pairs = [(simpy_rate(arguments.connections), engine_rate(arguments.flow_bench))
             for _ in range(arguments.rounds)]
    slow, fast = (statistics.median(column) for column in zip(*pairs))
    ratio = statistics.median(f / s for s, f in pairs)
    print(f"SimPy {simpy.__version__}: {slow:,.0f} connections/s; "
          f"flow engine: {fast:,.0f} connections/s; {ratio:.1f} times")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"bench": "simpy", "rates": [
                {"name": "SimPy", "unit": "connections", "per_second": slow},
                {"name": "flow engine beside SimPy", "unit": "connections", "per_second": fast,
                 "ratio": ratio, "against": "SimPy"}], "figures": []}, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
