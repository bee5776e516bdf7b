# SPDX-License-Identifier: GPL-2.0-only
"""Where runs go: dask.distributed, on this machine or on a scheduler that is there already."""
import contextlib
import importlib.util
import os
import sys

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


class Workers:
    """Runs tasks and hands out what came of them, in the order in which they end.

    scheduler: address of one that runs, or None: threads of this process, each of which waits for
    one `lvslab run`.
    """

    def __init__(self, scheduler=None, count=None):
        import dask
        import distributed
        self._point = _point_module()
        self._point.start_again()
        self._cluster = None
        self._attempts = {}
        dask.config.set({"distributed.admin.tick.limit": "1h"})  # a busy machine is no finding
        if scheduler is None:
            self._cluster = distributed.LocalCluster(
                n_workers=1, threads_per_worker=count or os.cpu_count(), processes=False,
                dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
                silence_logs=50)
            self._client = distributed.Client(self._cluster)
        else:
            self._client = distributed.Client(scheduler, timeout="20s")
            self._client.upload_file(self._point.__file__)
        self._done = distributed.as_completed(with_results=True, raise_errors=False)
        self._tasks = {}

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
        to nothing after all its attempts has {"failed": why}."""
        for future, result in self._done:
            name, task = self._tasks.pop(future.key)
            if future.status == "finished":
                yield name, result
            elif self._attempts[name] < ATTEMPTS:
                self.submit(name, task)
            else:
                yield name, {"failed": _reason(future, result)}
            future.release()

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
