# SPDX-License-Identifier: GPL-2.0-only
"""Sweeps on a dask scheduler: without workers, with some that die, and where there is none."""
import contextlib
import glob
import json
import os
import select
import signal
import subprocess
import sys
import unittest.mock

from fixture import LVSLAB, SweepTest, main

from sweeps import run_sweep

SPEEDS = "{ servers.web2.speed: { from: 0.5, to: 2, step: 0.1 } }"
FLOW = "world: flow\nmeasure: p50\n"


class WithDask(SweepTest):
    """Has dask's own programs."""

    @contextlib.contextmanager
    def dask(self, program, *arguments):
        """A process of dask's, ended at the end; its folder and its environment know no lvslab."""
        environment = {k: v for k, v in os.environ.items() if k not in ("LVSLAB", "PYTHONPATH")}
        environment["TMPDIR"] = self.folder
        process = subprocess.Popen(
            [sys.executable, "-B", "-m", f"distributed.cli.{program}", *arguments],
            cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def line_of(self, process, words):
        """Waits for the line that has these words."""
        for line in process.stderr:
            if words in line:
                return line
        return self.fail(f"it ended without a word of {words}")

    @contextlib.contextmanager
    def scheduler(self):
        """A scheduler's address."""
        with self.dask("dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                       "--no-dashboard") as process:
            yield self.line_of(process, "Scheduler at:").split()[-1]

    def worker(self, address, name):
        return self.dask("dask_worker", address, "--no-nanny", "--nthreads", "1",
                         "--no-dashboard", "--host", "127.0.0.1", "--local-directory",
                         self.path("local"), "--name", name)

    def points_left(self):
        """Folders of points that are still there."""
        return glob.glob(self.path("**/lvslab-point-*"), recursive=True)


class Workers(WithDask):
    def test_a_worker_that_dies_loses_nothing_and_leaves_nothing(self):
        from distributed import Client
        file = self.sweep_of(SPEEDS, "seeds: 2\n" + FLOW)
        alone = run_sweep(file, output=self.path("alone"), lvslab=LVSLAB, page=False)
        with self.scheduler() as address:
            with self.worker(address, "first") as first, self.worker(address, "second"), \
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
                # What the dead one had lies in its own folder, and goes with that.
                for folder in self.points_left():
                    self.assertTrue(folder.startswith(self.path("local/")), folder)
                with self.worker(address, "third"):
                    client.wait_for_workers(2, timeout=120)
                    self.assertEqual(self.points_left(), [])
        self.assertGreater(len(held), 0)  # it had something to lose
        self.assertEqual(result.failed, {})
        rows = self.rows()
        self.assertEqual([(r["point"], r["seed"]) for r in rows],
                         [(str(p), s) for p in range(16) for s in ("1", "2")])
        self.assertEqual(len({r["fingerprint"] for r in rows}), 32)
        self.assertEqual(self.tree("out"), self.tree("alone"))
        self.assertEqual(alone.runs, 32)

    def test_the_runs_of_a_worker_end_with_it(self):
        program = self.program()
        # A run that never ends by itself, and says which process it is.
        self.mode(f'echo $$ > "{self.path("pid")}"; mkfifo "{self.path("never")}"; '
                  f'echo > "{self.path("begun")}"; exec cat "{self.path("never")}"')
        os.mkfifo(self.path("begun"))
        with self.scheduler() as address, self.worker(address, "first") as first:
            command = [LVSLAB, "sweep", self.sweep_of("{ drain: [1s, 2s] }", FLOW), "--output",
                       self.path("out"), "--scheduler", address, "--lvslab", program]
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as sweep:
                self.read("begun")
                run = int(self.read("pid"))
                ended = select.poll()
                ended.register(os.pidfd_open(run))
                first.send_signal(signal.SIGKILL)
                ended.poll()
                sweep.send_signal(signal.SIGINT)
                sweep.stderr.read()
            self.assertEqual(sweep.returncode, 130)


class WithoutWorkers(WithDask):
    def sweep(self, address, *arguments):
        return [LVSLAB, "sweep", self.sweep_of("{ drain: [1s, 2s] }", FLOW), "--output",
                self.path("out"), "--no-page", "--scheduler", address, *arguments]

    def test_the_sweep_says_once_that_it_waits_and_goes_on_when_one_comes(self):
        with self.scheduler() as address, \
                subprocess.Popen(self.sweep(address), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True) as sweep:
            told = self.line_of(sweep, "no workers")
            self.assertTrue(told.startswith(f"lvslab sweep: {address} has no workers"), told)
            self.assertIn(f"dask-worker {address}", told)
            self.assertFalse(os.path.exists(self.path("out")))
            with self.worker(address, "late"):
                said, errors = sweep.communicate()
        self.assertEqual((sweep.returncode, errors), (0, ""))
        self.assertIn("2 points, 2 runs", said)
        self.assertEqual(len(self.rows()), 2)

    def test_its_patience_can_have_an_end_and_nothing_is_written_then(self):
        with self.scheduler() as address:
            done = subprocess.run(self.sweep(address, "--wait-for-workers", "100ms"),
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stderr.count("has no workers"), 1)
            self.assertTrue(done.stderr.endswith(f"no worker came to {address} within 0.1 s\n"),
                            done.stderr)
            with self.assertLogs("lvslab.sweeps", "WARNING") as logs, \
                    self.assertRaisesRegex(TimeoutError, "no worker came"):
                run_sweep(self.path("s.yaml"), output=self.path("out"), lvslab=LVSLAB,
                          scheduler=address, wait_for_workers=0.1)
            self.assertEqual(len(logs.records), 1)
            self.assertFalse(os.path.exists(self.path("out")))

    def test_when_all_have_left_what_is_finished_is_kept(self):
        from distributed import Client
        with self.scheduler() as address, self.worker(address, "only") as only, \
                Client(address) as client:
            client.wait_for_workers(1, timeout=120)

            def kill_it(run):
                if run.made == 3:
                    only.send_signal(signal.SIGKILL)
                    only.wait()
            with self.assertLogs("lvslab.sweeps", "WARNING") as logs:
                result = run_sweep(self.sweep_of(SPEEDS, FLOW), output=self.path("out"),
                                   lvslab=LVSLAB, page=False, scheduler=address,
                                   wait_for_workers=0.1, progress=kill_it)
        self.assertEqual(result.stopped, f"no worker came to {address} within 0.1 s")
        self.assertEqual(sum("has no workers" in r.getMessage() for r in logs.records), 1)
        self.assertGreaterEqual(result.runs, 3)
        self.assertEqual(len(self.rows()), result.runs)
        self.assertLess(result.runs, 16)

    def test_a_scheduler_that_cannot_be_asked_is_told_and_nothing_is_written(self):
        import dask
        import distributed  # noqa: F401  its part of dask's settings
        file = self.sweep_of("{ drain: [1s, 2s] }", FLOW)
        for address, told in (("tcp://127.0.0.1:1", "127.0.0.1:1"),
                              ("tls://127.0.0.1:1", "127.0.0.1:1: dask has no certificates")):
            with self.assertRaisesRegex(OSError, told), \
                    dask.config.set({"distributed.comm.timeouts.connect": "100ms"}):
                run_sweep(file, output=self.path("out"), lvslab=LVSLAB, scheduler=address)
            self.assertFalse(os.path.exists(self.path("out")))

    def test_a_scheduler_with_tls_runs_the_sweep(self):
        import dask
        import distributed  # noqa: F401  its part of dask's settings
        key, certificate = self.path("key.pem"), self.path("certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                        "-out", certificate, "-days", "1", "-subj", "/CN=lab",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        tls = {"ca-file": certificate}
        for who in ("scheduler", "worker", "client"):
            tls[who] = {"cert": certificate, "key": key}
        with open(self.path("dask.json"), "w", encoding="utf-8") as file:
            json.dump({"distributed": {"comm": {"tls": tls}}}, file)  # JSON is YAML
        self.enterContext(unittest.mock.patch.dict(os.environ, DASK_CONFIG=self.path("dask.json")))
        with self.dask("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--protocol", "tls",
                       "--no-dashboard") as process:
            address = self.line_of(process, "Scheduler at:").split()[-1]
            self.assertTrue(address.startswith("tls://"), address)
            file = self.sweep_of("{ drain: [1s, 2s] }", FLOW)
            with self.worker(address, "first"), dask.config.set(
                    {"distributed.comm.tls.ca-file": certificate,
                     "distributed.comm.tls.client.cert": certificate,
                     "distributed.comm.tls.client.key": key}):
                result = run_sweep(file, output=self.path("out"), lvslab=LVSLAB, page=False,
                                   scheduler=address)
        self.assertEqual(len(self.rows()), result.runs)
        self.assertFalse(result.failed)

    def test_a_time_to_wait_that_is_none_is_refused(self):
        for time, scheduler in (("soon", "tcp://127.0.0.1:1"), ("10", "tcp://127.0.0.1:1"),
                                ("0s", "tcp://127.0.0.1:1")):
            done = subprocess.run(self.sweep(scheduler, "--wait-for-workers", time),
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f'--wait-for-workers: "{time}"', done.stderr)


main()
