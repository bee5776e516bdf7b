# SPDX-License-Identifier: GPL-2.0-only
"""A sweep on a dask scheduler with workers of their own, one of which dies in the middle."""
import contextlib
import os
import signal
import subprocess
import sys

from fixture import LVSLAB, SweepTest, main

from sweeps import run_sweep


class Workers(SweepTest):
    @contextlib.contextmanager
    def dask(self, program, *arguments):
        """A process of dask's, ended at the end; its folder and its environment know no lvslab."""
        environment = {k: v for k, v in os.environ.items() if k not in ("LVSLAB", "PYTHONPATH")}
        process = subprocess.Popen(
            [sys.executable, "-B", "-m", f"distributed.cli.{program}", *arguments],
            cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def scheduler_address(self, process):
        """Waits for the line that tells where the scheduler listens."""
        for line in process.stderr:
            if "Scheduler at:" in line:
                return line.split()[-1]
        self.fail("the scheduler ended")

    def test_a_worker_that_dies_loses_nothing(self):
        from distributed import Client
        file = self.sweep_of("{ servers.web2.speed: { from: 0.5, to: 2, step: 0.1 } }",
                             "seeds: 2\nmeasure: p50\n")
        alone = run_sweep(file, output=self.path("alone"), lvslab=LVSLAB, page=False)
        with self.dask("dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                       "--no-dashboard") as scheduler:
            address = self.scheduler_address(scheduler)
            worker = (address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host",
                      "127.0.0.1", "--local-directory", self.folder)
            with self.dask("dask_worker", *worker, "--name", "first") as first, \
                    self.dask("dask_worker", *worker, "--name", "second"), \
                    Client(address) as client:
                client.wait_for_workers(2, timeout=120)
                held = []

                def kill_one(run):
                    if run.made == 5:
                        busy = {w["name"]: a for a, w in
                                client.scheduler_info()["workers"].items()}
                        held.extend(client.processing()[busy["first"]])
                        first.send_signal(signal.SIGKILL)
                        first.wait()

                result = run_sweep(file, output=self.path("out"), lvslab=LVSLAB, page=False,
                                   scheduler=address, progress=kill_one)
                self.assertEqual([w["name"] for w in
                                  client.scheduler_info()["workers"].values()], ["second"])
        self.assertGreater(len(held), 0)  # it had something to lose
        self.assertEqual(result.failed, {})
        rows = self.rows()
        self.assertEqual([(r["point"], r["seed"]) for r in rows],
                         [(str(p), s) for p in range(16) for s in ("1", "2")])
        self.assertEqual(len({r["fingerprint"] for r in rows}), 32)
        self.assertEqual(self.tree("out"), self.tree("alone"))
        self.assertEqual(alone.runs, 32)

    def test_a_scheduler_that_is_not_there_is_told(self):
        file = self.sweep_of("{ drain: [1s, 2s] }")
        with self.assertRaises(OSError):
            run_sweep(file, output=self.path("out"), lvslab=LVSLAB, scheduler="tcp://127.0.0.1:1")


main()
