# SPDX-License-Identifier: GPL-2.0-only
"""The example of docs/python.md: which algorithm for two unequal servers, and how weights share.

    PYTHONPATH=build/release/python /usr/bin/python3 docs/python_example.py [FOLDER]

makes docs/images/python-*.svg, the same bytes each time.
"""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lvslab
import matplotlib
import numpy as np

matplotlib.use("svg")
import matplotlib.pyplot as plt

plt.rcParams.update({"svg.hashsalt": "lvslab", "figure.figsize": (7, 3.2), "font.size": 9})
ROOT = Path(__file__).resolve().parent.parent
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"


def save(figure, name):
    figure.tight_layout()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"python-{name}.svg", metadata={"Date": None})


# Two algorithms meet the same load, each in a thread.
scenario = lvslab.load_scenario(ROOT / "scenarios" / "nat-two-tier" / "scenario.yaml")
schedulers = ["rr", "wlc"]
with ThreadPoolExecutor(2) as pool:
    runs = dict(zip(schedulers, pool.map(lambda s: lvslab.run(scenario, scheduler=s), schedulers)))

figure, axes = plt.subplots()
for name, result in runs.items():
    times = np.sort(result.response_times)
    axes.plot(times, np.arange(1, times.size + 1) / times.size, label=name)
axes.set(xscale="log", xlabel="response time (s)", ylabel="share of responses")
axes.legend()
save(figure, "response-times")
for name, result in runs.items():
    frame = result.responses.groupby("server", observed=True)["response_time"]
    print(name, frame.quantile(0.95).round(3).to_dict())

# One decision at a time: how fast do wrr's shares become what the weights say?
VIP, WEIGHTS = "192.168.26.10:80", {"10.0.0.1:80": 5, "10.0.0.2:80": 2, "10.0.0.3:80": 1}
ipvs = lvslab.Ipvs()
ipvs.add_service(VIP, scheduler="wrr")
for server, weight in WEIGHTS.items():
    ipvs.add_destination(VIP, server, method="direct", weight=weight)
chosen = [
    ipvs.step(lvslab.Segment(f"172.16.0.1:{1024 + i}", VIP, "syn"), i * 0.01).server
    for i in range(64)
]
figure, axes = plt.subplots()
for server in WEIGHTS:
    taken = np.cumsum([c == server for c in chosen])
    axes.step(np.arange(1, 65), taken / np.arange(1, 65), where="mid", label=server)
axes.set(xlabel="connections", ylabel="share", ylim=(0, 1))
axes.legend()
save(figure, "shares")
