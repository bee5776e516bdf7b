# SPDX-License-Identifier: GPL-2.0-only
"""A comparison with a toy in the place of `lvslab run`, in a folder of its own."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

LVSLAB, TOY = sys.argv[1:3]

LVS_CF = """serial_no = 1
primary = 192.168.26.9
service = lvs
network = nat
nat_router = 10.11.12.10 eth1:1
nat_nmask = 255.255.255.0
virtual shop {
     active = 1
     address = 192.168.26.10 eth0:1
     port = 80
     scheduler = wlc
     protocol = tcp
     server web1 {
         address = 10.11.12.1
         active = 1
         weight = 2
     }
     server web2 {
         address = 10.11.12.2
         active = 1
         weight = 1
     }
}
"""
SCENARIO = """scenario: toy-pair
about: A <toy> & nothing else.
config: lvs.cf
routers:
  lvs1: { public: 192.168.26.9/24, private: 10.11.12.9/24 }
servers:
  web1: { address: 10.11.12.1/24, workers: 4, service: exponential 40ms }
  web2: { address: 10.11.12.2/24, workers: 4, service: exponential 40ms, speed: 0.5 }
clients:
  office: { count: 200, network: 172.16.0.0/16 }
workload:
  shop:
    from: office
    to: 192.168.26.10:80
    arrivals: poisson 120/s
    for: 20s
    request: 400B
    response: 12KiB
compare:
  scheduler: [rr, wlc, sed, dh]
  seeds: 4
"""


class ToyComparison(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.write("lvs.cf", LVS_CF)
        self.write("scenario.yaml", SCENARIO)

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8") as text:
            return text.read()

    def command(self, *arguments, runner=TOY, output="out"):
        return [LVSLAB, "compare", "scenario.yaml", "--runner", runner, "--output", output,
                *arguments]

    def compare(self, *arguments, environment=None, **options):
        return subprocess.run(self.command(*arguments, **options), cwd=self.folder.name, text=True,
                              capture_output=True, env={**os.environ, **(environment or {})},
                              check=False)

    def summary(self, folder="out"):
        return json.loads(self.read(folder, "summary.json"))

    def texts(self, kind):
        return [f["text"] for f in self.summary()["findings"] if f["kind"] == kind]
