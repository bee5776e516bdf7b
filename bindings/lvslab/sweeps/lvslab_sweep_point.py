# SPDX-License-Identifier: GPL-2.0-only
"""Runs one point of a sweep: `lvslab run` as a process of its own, in a folder of its own.

It is sent to the workers as it stands, so it needs nothing but dask and an lvslab there.
"""
import functools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading

_running = set()
_lock = threading.Lock()
_stopped = threading.Event()


def find_lvslab(wanted, here):
    """The lvslab of this machine. Where the sweep was started (here) it is the one that is wanted;
    elsewhere $LVSLAB, the same path if there is one, or that of PATH."""
    if here:
        return wanted
    for candidate in (os.environ.get("LVSLAB"), wanted, shutil.which("lvslab")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(f"there is no lvslab on {os.uname().nodename}: neither {wanted} nor on "
                            "PATH nor in $LVSLAB")


@functools.lru_cache
def _version(lvslab):
    return subprocess.run([lvslab, "--version"], capture_output=True, text=True,
                          check=True).stdout.strip()


def write_files(folder, files):
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def run_point(task):
    """{"summary": ..., "held": bool} or {"refused": what lvslab said}. A crash is an exception, so
    that the scheduler tries again."""
    from distributed import get_worker
    lvslab = find_lvslab(task["lvslab"], task["here"])
    if not task["here"] and _version(lvslab) != task["version"]:
        return {"refused": f"{os.uname().nodename} has {_version(lvslab)}, the sweep wants "
                           f"{task['version']}"}
    # dask removes the worker's own folder, also that of a worker that was killed.
    folder = tempfile.mkdtemp(prefix="lvslab-point-", dir=get_worker().local_directory)
    try:
        write_files(folder, task["files"])
        result = os.path.join(folder, "result-of-point")
        code, said = _run([lvslab, "run", os.path.join(folder, task["scenario"]), "--seed",
                           str(task["seed"]), "--world", task["world"], "--output", result,
                           "--quiet", "--journal", "none"])
        if code == 2:
            return {"refused": said.replace(folder + os.sep, "").strip()}
        if code not in (0, 1):
            raise RuntimeError(f"lvslab run ended with {_ending(code)}: {said[-2000:].strip()}")
        with open(os.path.join(result, "summary.json"), encoding="utf-8") as file:
            return {"summary": json.load(file), "held": code == 0}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stop_all():
    """Ends the runs of this process and starts no more."""
    _stopped.set()
    with _lock:
        for process in _running:
            process.terminate()


def start_again():
    _stopped.clear()


@functools.lru_cache
def _with_its_worker():
    """What comes before a command so that it ends when its worker is killed, where there is such a
    thing (Linux): nobody would want its result."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _run(command):
    # A session of its own: Ctrl-C at the terminal is the sweep's business.
    command = _with_its_worker() + command
    with _lock:
        if _stopped.is_set():
            raise RuntimeError("the sweep was stopped")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, start_new_session=True)
        _running.add(process)
    try:
        said = process.communicate()[1].decode("utf-8", "replace")
    finally:
        with _lock:
            _running.discard(process)
    return process.returncode, said


def _ending(code):
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
