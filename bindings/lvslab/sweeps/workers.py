# SPDX-License-Identifier: GPL-2.0-only
"""Where runs go: dask.distributed, on this machine or on a scheduler that is there already."""
import contextlib
import importlib.util
import logging
import os
import sys
import time

LOG = logging.getLogger("lvslab.sweeps")
ATTEMPTS = 3  # of a run that crashed, or whose workers died, before its point counts as failed


def _point_module():
    """The module that workers get, under the name that they know it by."""
    name = "lvslab_sweep_point"
    if name not in sys.modules:
        path = os.path.join(os.path.dirname(__file__), f"{name}.py")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


class LostWorkers(Exception):
    """There is nobody left to run the rest; the text says why."""


class Workers:
    """Runs tasks and hands out what came of them, in the order in which they end.

    scheduler: address of one that runs, or None: threads of this process, each of which waits for
    one `lvslab run`. patience: seconds to wait while that scheduler has no workers; None: for ever.

    Raises OSError if the scheduler is not there, and TimeoutError (which is one) when the patience
    is over before the first worker has come.
    """

    def __init__(self, scheduler=None, count=None, patience=None):
        import dask
        import distributed
        self._point = _point_module()
        self._point.start_again()
        self._client = self._cluster = None
        self._attempts, self._tasks = {}, {}
        self._patience = patience
        self._next_look, self._alone_since = time.monotonic(), None
        dask.config.set({"distributed.admin.tick.limit": "1h"})  # a busy machine is no finding
        if scheduler is None:
            self._cluster = distributed.LocalCluster(
                n_workers=1, threads_per_worker=count or os.cpu_count(), processes=False,
                dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
                silence_logs=50)
            self._client = distributed.Client(self._cluster)
        else:
            try:
                self._client = distributed.Client(scheduler)
            except TypeError:  # what dask makes of an address with tls:// and no certificates
                raise OSError(f"{scheduler}: dask has no certificates for TLS here: its settings "
                              "need distributed.comm.tls (docs.dask.org, TLS/SSL)") from None
            try:
                self._wait_for_one()
                self._hand_out_the_point()
            except BaseException:
                self.close()
                raise
        self._done = distributed.as_completed(with_results=True, raise_errors=False)

    def threads(self):
        """How many runs go on at a time."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, name, task):
        """Starts the task; `name` comes back with its outcome."""
        attempt = self._attempts[name] = self._attempts.get(name, 0) + 1
        task["here"] = self._cluster is not None
        future = self._client.submit(self._point.run_point, task, pure=False,
                                     key=f"lvslab-{task['key']}-{attempt}-{os.getpid()}")
        self._tasks[future.key] = (name, task)
        self._done.add(future)

    def outcomes(self):
        """(name, outcome) of each task, also of those that are submitted meanwhile. A task that came
        to nothing after all its attempts has {"failed": why}. LostWorkers: nobody is there to do
        them any more."""
        while self._ready():
            future, result = next(self._done)
            name, task = self._tasks.pop(future.key)
            if future.status == "finished":
                yield name, result
            elif self._attempts[name] < ATTEMPTS:
                self.submit(name, task)
            else:
                yield name, {"failed": _reason(future, result)}
            future.release()

    def _ready(self):
        """Waits for the next outcome; whether there is one to come."""
        while not self._done.has_ready():
            if self._done.is_empty():
                return False
            if self._cluster is None:
                self._look_for_workers()
            with self._done.thread_condition:
                self._done.thread_condition.wait(0.1)
        return True

    def _wait_for_one(self):
        if self._has_workers():
            return
        self._tell_that_it_waits()
        from distributed import TimeoutError as DaskTimeout
        try:
            self._client.wait_for_workers(1, timeout=self._patience)
        except DaskTimeout:
            raise TimeoutError(self._out_of_patience()) from None

    def _hand_out_the_point(self):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._client.upload_file(self._point.__file__)
                return
            except OSError:  # a worker that dies just now
                if attempt == ATTEMPTS:
                    raise

    def _look_for_workers(self):
        """Once a second: are there workers still?"""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + 1
        try:
            alone = not self._has_workers()
        except OSError:
            raise LostWorkers(f"{self._client.scheduler.address} does not answer any more") from None
        if not alone:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
            self._tell_that_it_waits()
        elif self._patience is not None and now - self._alone_since >= self._patience:
            raise LostWorkers(self._out_of_patience())

    def _has_workers(self):
        return bool(self._client.nthreads())

    def _tell_that_it_waits(self):
        address = self._client.scheduler.address
        LOG.warning("%s has no workers; waiting until one comes (dask-worker %s starts one)",
                    address, address)

    def _out_of_patience(self):
        return f"no worker came to {self._client.scheduler.address} within {self._patience:g} s"

    def stop(self):
        """Ends what runs here; runs on other machines end by themselves, for nobody."""
        self._point.stop_all()

    def close(self):
        for name in list(self._tasks):
            self._tasks.pop(name, None)
        # All that counts is in the store by now: who is slow to leave a busy machine is no finding.
        for what in (self._client, self._cluster):
            if what is not None:
                with contextlib.suppress(TimeoutError):
                    what.close(timeout=5)


def _reason(future, result):
    error = result[1] if isinstance(result, tuple) and len(result) == 3 else future.exception()
    return f"{type(error).__name__}: {error}"
