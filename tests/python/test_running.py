# SPDX-License-Identifier: GPL-2.0-only
"""Runs in the packet world, and what they leave."""
import glob
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lvslab
import numpy
import pytest
from small_cluster import by_nat as scenario

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def result():
    return lvslab.run(scenario(expect=["served >= 99%", "p95(response times) <= 1ms"]), seed=7, scheduler="wlc")


def test_arrays_have_a_value_for_each_connection(result):
    n = result.summary["total"]["connections"]
    assert n > 50
    for array in (
        result.arrival_times,
        result.durations,
        result.outcomes,
        result.connection_servers,
    ):
        assert array.shape == (n,)
    assert 0 <= result.arrival_times.min() and result.arrival_times.max() <= 3
    assert (result.outcomes == lvslab.OUTCOMES.index("served")).sum() == (
        result.summary["total"]["served"]
    )


def test_arrays_are_views_that_cannot_be_written_to(result):
    assert not result.response_times.flags.owndata
    with pytest.raises(ValueError):
        result.response_times[0] = 0


def test_arrays_outlive_their_result():
    times = lvslab.run(scenario(seconds=1)).response_times
    assert times.min() > 0


def test_the_arrays_are_what_the_summary_counts(result):
    mean = result.summary["total"]["response_time_mean"]
    assert result.response_times.mean() == pytest.approx(mean)
    assert list(result.servers.index) == result.server_names == ["web1", "web2"]
    counts = numpy.bincount(result.response_servers, minlength=2)
    assert list(counts) == list(result.servers["responses"])


def test_frames_speak_of_names(result):
    row = result.connections.iloc[0]
    assert row["workload"] == "shop"
    assert row["server"] in ("web1", "web2")
    assert set(result.connections["outcome"]) <= set(lvslab.OUTCOMES)
    assert result.responses.groupby("server", observed=True)["response_time"].mean()["web2"] > 0.02
    assert len(result.checks) == len(result.roles) == 0


def test_expectations(result):
    served, slow = result.expectations
    assert (served.text, served.holds, served.unit) == ("served >= 99%", True, "share")
    assert not slow.holds and slow.low > 0.001
    assert not result.holds
    assert result.violations == []


def test_the_same_seed_is_the_same_run(result):
    again = lvslab.run(result.scenario, seed=7, scheduler="wlc")
    assert numpy.array_equal(again.response_times, result.response_times)
    other = lvslab.run(result.scenario, seed=8, scheduler="wlc")
    assert not numpy.array_equal(other.response_times, result.response_times)


def test_the_flow_world_has_the_same_results(result):
    flow = lvslab.run(result.scenario, "flow", seed=7, scheduler="wlc")
    assert flow.summary["world"] == "flow"
    assert flow.summary["total"]["connections"] == result.summary["total"]["connections"]
    assert numpy.sort(flow.arrival_times) == pytest.approx(numpy.sort(result.arrival_times))
    assert flow.response_times.mean() == pytest.approx(result.response_times.mean(), rel=0.2)
    assert list(flow.responses.columns) == list(result.responses.columns)


def test_without_rows_the_rest_is_there(result):
    bare = lvslab.run(result.scenario, seed=7, scheduler="wlc", rows=False)
    assert bare.response_times.shape == (0,)
    assert bare.summary == result.summary


def test_several_at_once_in_threads(result):
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda s: lvslab.run(result.scenario, scheduler=s), ["rr", "wlc"]))
    assert [r.summary["scheduler"] for r in runs] == ["rr", "wlc"]


def test_progress_goes_to_the_end(result):
    told = []
    lvslab.run(result.scenario, progress=lambda now, end: told.append((now, end)))
    assert [now for now, _ in told] == sorted(now for now, _ in told)
    assert told[-1][0] == told[-1][1] == result.scenario.end


def temporaries():
    return set(glob.glob(tempfile.gettempdir() + "/lvslab-*"))


def test_what_progress_raises_ends_the_run():
    before = temporaries()

    def stop(now, end):
        raise RuntimeError(f"enough at {end}")

    with pytest.raises(RuntimeError, match="enough at 12"):
        lvslab.run(scenario(seconds=10), progress=stop)
    assert temporaries() <= before


def test_control_c_ends_the_run():
    before = temporaries()
    main = threading.main_thread().ident
    with pytest.raises(KeyboardInterrupt):
        lvslab.run(
            scenario(seconds=60),
            progress=lambda now, end: signal.pthread_kill(main, signal.SIGINT),
        )
    assert temporaries() <= before


def test_a_plugin_decides(tmp_path):
    library = tmp_path / "least_by_hash.so"
    source = ROOT / "sim" / "plugin" / "example" / "least_by_hash.c"
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{ROOT}", "-o", library, source], check=True)
    small = scenario()
    result = lvslab.run(small, scheduler=lvslab.SchedulerPlugin(str(library)))
    assert result.scheduler == result.summary["scheduler"] == "least-by-hash"
    assert result.summary["total"]["served"] == result.summary["total"]["connections"]
    shares = result.servers["connections"]
    assert shares.min() > 0 and list(shares) != list(lvslab.run(small).servers["connections"])


def test_the_example_of_the_docs_makes_its_folder(tmp_path):
    example = [sys.executable, "-B", ROOT / "docs" / "python_example.py", tmp_path / "a" / "b"]
    subprocess.run(example, check=True, stdout=subprocess.DEVNULL)
    made = sorted(path.name for path in (tmp_path / "a" / "b").iterdir())
    assert made == ["python-response-times.svg", "python-shares.svg"]


def test_bad_arguments():
    small = scenario(seconds=1)
    with pytest.raises(ValueError, match="no world .packet, flow, kernel"):
        lvslab.run(small, world="real")
    with pytest.raises(ValueError, match='"fastest" is no scheduler .rr, '):
        lvslab.run(small, scheduler="fastest")
    with pytest.raises(ValueError, match="whole number"):
        lvslab.run(small, seed=-1)


def test_a_missing_program(monkeypatch):
    monkeypatch.setattr("lvslab.running.program", lambda: "/nonexistent/lvslab")
    with pytest.raises(FileNotFoundError):
        lvslab.run(scenario(seconds=1))


def test_what_the_program_refuses_is_told(monkeypatch):
    monkeypatch.setattr("lvslab.running.WORLDS", ("moon",))
    with pytest.raises(lvslab.RunError, match="moon"):
        lvslab.run(scenario(seconds=1), world="moon")
