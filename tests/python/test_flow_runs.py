# SPDX-License-Identifier: GPL-2.0-only
"""Runs of the flow world inside this process, with schedulers of one's own too."""
import json
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import lvslab
import numpy
import pytest
from lvslab.running import program
from small_cluster import by_direct_routing as scenario
from test_schedulers import Broken, Fewest, RoundRobin, Stranger


def same(one, other):
    return (
        numpy.array_equal(one.response_times, other.response_times)
        and numpy.array_equal(one.connection_servers, other.connection_servers)
        and numpy.array_equal(one.arrival_times, other.arrival_times)
    )


def test_it_is_the_run_of_the_command_line(tmp_path):
    small = scenario()
    here = lvslab.run(small, "flow", seed=3, scheduler="wlc")
    (tmp_path / "small.yaml").write_bytes(small.text)
    for path, text in small.named_files.items():
        (tmp_path / path).write_bytes(text)
    command = [program(), "run", "small.yaml", "--world", "flow", "--seed", "3"]
    command += ["--scheduler", "wlc", "--quiet", "--output", "out"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == here.summary
    told = json.loads((tmp_path / "out" / "expectations.json").read_text())
    assert [e["low"] for e in told["expectations"]] == [e.low for e in here.expectations]
    assert here.holds


def test_a_class_decides_as_the_kernels_where_it_does_the_same():
    small = scenario()
    kernels = lvslab.run(small, "flow", seed=2)
    mine = lvslab.run(small, "flow", seed=2, scheduler=RoundRobin)
    assert same(mine, kernels)
    assert mine.scheduler == mine.summary["scheduler"] == "RoundRobin"
    assert list(mine.servers["connections"] > 0) == [True, True, False]
    assert not same(lvslab.run(small, "flow", seed=2, scheduler=Fewest), kernels)


def test_several_at_once_are_as_one_after_the_other():
    small = scenario()
    kinds = [RoundRobin, Fewest, "wlc", RoundRobin]

    def run(kind):
        return lvslab.run(small, "flow", scheduler=kind)

    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(run, kinds))
    assert all(same(one, run(kind)) for one, kind in zip(at_once, kinds))


def test_python_goes_on_meanwhile():
    """Two runs wait for each other in their progress: neither may hold the GIL."""
    both = threading.Barrier(2, timeout=60)
    small = scenario(seconds=1)

    def run(seed):
        met = []

        def meet(now, end):
            if not met:
                met.append(both.wait())

        return lvslab.run(small, "flow", seed=seed, progress=meet)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, (1, 2))
    assert not same(one, other)


def test_progress_goes_to_the_end():
    told = []
    small = scenario(seconds=1)
    lvslab.run(small, "flow", progress=lambda now, end: told.append((now, end)))
    assert 50 < len(told) <= 101
    assert told == sorted(told) and told[-1] == (small.end, small.end)


def test_what_is_raised_ends_the_run():
    small = scenario(seconds=2)

    def stop(now, end):
        raise RuntimeError(f"enough at {now:.0f}")

    with pytest.raises(RuntimeError, match="enough at 0"):
        lvslab.run(small, "flow", progress=stop)
    with pytest.raises(KeyError, match="lost"):
        lvslab.run(small, "flow", scheduler=Broken)
    with pytest.raises(TypeError, match="one of its destinations"):
        lvslab.run(small, "flow", scheduler=Stranger)
    assert lvslab.run(small, "flow").holds


@pytest.mark.parametrize("scheduler", ["wlc", Fewest])
def test_control_c_ends_the_run(scheduler):
    main = threading.main_thread().ident
    told = []

    def interrupt(now, end):
        told.append(now)
        if len(told) == 3:
            signal.pthread_kill(main, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        lvslab.run(scenario(seconds=60), "flow", scheduler=scheduler, progress=interrupt)
    assert len(told) < 6


def test_a_run_without_a_takeover_has_the_table_all_the_same():
    result = lvslab.run(scenario(seconds=1), "flow", seed=numpy.int64(3))
    assert result.seed == 3
    assert list(result.takeovers.columns)[:3] == ["at", "from", "to"]
    assert result.takeovers.empty
    for seed in (1.5, True, "1", -1):
        with pytest.raises(ValueError, match="whole number"):
            lvslab.run(scenario(seconds=1), "flow", seed=seed)


def test_what_is_asked_of_another_world_is_refused():
    with pytest.raises(ValueError, match="RoundRobin: .* in the flow world only"):
        lvslab.run(scenario(), "packet", scheduler=RoundRobin)
    with pytest.raises(TypeError, match="neither"):
        lvslab.run(scenario(), "flow", scheduler=7)
    with pytest.raises(ValueError, match='"fastest" is no scheduler'):
        lvslab.run(scenario(), "flow", scheduler="fastest")
