# SPDX-License-Identifier: GPL-2.0-only
"""Schedulers of one's own: Python classes and plug-ins."""
import gc
import re
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import lvslab
import pytest
from small_cluster import by_direct_routing

ROOT = Path(__file__).resolve().parents[2]
VIP = "192.168.26.10:80"
SERVERS = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"]


def cluster(scheduler, *, schedulers, weights=(1, 1, 1)):
    ipvs = lvslab.Ipvs(schedulers=schedulers)
    ipvs.add_service(VIP, scheduler=scheduler)
    for server, weight in zip(SERVERS, weights):
        ipvs.add_destination(VIP, server, method="direct", weight=weight)
    return ipvs


def syn(client, port=4000):
    return lvslab.Segment(f"172.16.{client >> 8}.{client & 255}:{port}", VIP, "syn")


class Recorder(lvslab.Scheduler):
    """The first of the list, remembering what it saw."""

    seen = []

    def schedule(self, request, destinations):
        self.seen.append((request.client, request.virtual_address, request.now, destinations))
        return destinations[0]


class RoundRobin(lvslab.Scheduler):
    """The kernel's rr once more: the next after the last choice; of one that left, its place.

    The same as long as one server comes or goes between two decisions.
    """

    def __init__(self):
        self.seen = []

    def schedule(self, request, destinations):
        places = {id(d): place for place, d in enumerate(destinations)}
        stayed = [d for d in self.seen if id(d) in places]
        after = places[id(stayed[-1])] + 1 if stayed else 0
        self.seen = destinations[:after]
        for d in destinations[after:] + destinations[:after]:
            if d.eligible:
                self.seen = destinations[: places[id(d)] + 1]
                return d
        return None


class AtRandom(lvslab.Scheduler):
    def __init__(self):
        self.random = Random(self.seed)

    def schedule(self, request, destinations):
        return self.random.choice(destinations)


class Fewest(lvslab.Scheduler):
    name = "fewest"

    def schedule(self, request, destinations):
        return min(destinations, key=lambda d: (d.active + d.inactive, d.endpoint))


class Broken(lvslab.Scheduler):
    def schedule(self, request, destinations):
        raise KeyError("lost")


class Stranger(lvslab.Scheduler):
    def schedule(self, request, destinations):
        return "10.0.0.1:80"


class Nobody(lvslab.Scheduler):
    def schedule(self, request, destinations):
        return None


def test_it_sees_the_request_and_the_servers_newest_first():
    Recorder.seen.clear()
    ipvs = cluster("Recorder", schedulers=[Recorder], weights=(5, 2, 1))
    assert ipvs.step(syn(1), 2.5).server == SERVERS[2]
    ((client, address, now, destinations),) = Recorder.seen
    assert (client, address, now) == ("172.16.0.1:4000", "192.168.26.10", 2.5)
    assert [d.endpoint for d in destinations] == SERVERS[::-1]
    assert [d.weight for d in destinations] == [1, 2, 5]


def test_counters_are_as_they_are_now():
    ipvs = cluster("fewest", schedulers=[Fewest])
    chosen = Counter(ipvs.step(syn(i), 0).server for i in range(9))
    assert chosen == dict.fromkeys(SERVERS, 3)


@pytest.mark.parametrize("seed", range(10))
def test_it_decides_as_the_kernels_where_it_does_the_same(seed):
    """In between a server comes, goes, is quiesced, meets its threshold or comes back."""
    pair = [lvslab.Ipvs(), lvslab.Ipvs(schedulers=[RoundRobin])]
    for ipvs, scheduler in zip(pair, ("rr", "RoundRobin")):
        ipvs.add_service(VIP, scheduler=scheduler)
    draw, listed, chosen = Random(seed), set(), Counter()
    for now in range(400):
        server, kind = f"10.1.0.{draw.randrange(8) + 1}:80", draw.randrange(12)
        settings = dict(weight=draw.randrange(3), upper_threshold=draw.choice([0, 0, 0, 2]))
        change = None
        if kind == 0 and server in listed:
            change, settings = "remove_destination", {}
        elif kind == 1 and server in listed:
            change = "edit_destination"
        elif kind <= 2 and server not in listed:
            change = "add_destination"
        if change:
            listed ^= {server} if change != "edit_destination" else set()
            for ipvs in pair:
                getattr(ipvs, change)(VIP, server, now=now, **settings)
        kernels, mine = (ipvs.step(syn(now), now).server for ipvs in pair)
        assert mine == kernels, now
        chosen[mine] += 1
    assert len(chosen) > 5


def test_its_seed_is_the_runs_and_the_services():
    def choices(seed, vip=VIP):
        ipvs = lvslab.Ipvs(schedulers=[AtRandom], seed=seed)
        ipvs.add_service(vip, scheduler="AtRandom")
        for server in SERVERS:
            ipvs.add_destination(vip, server)
        segments = (lvslab.Segment(f"172.16.0.1:{port}", vip, "syn") for port in range(1, 40))
        return [ipvs.step(segment, 0).server for segment in segments]

    assert choices(1) == choices(1)
    assert choices(1) != choices(2)
    assert choices(1) != choices(1, "192.168.26.11:80")


def test_it_cannot_change_what_asks_it():
    ipvs = cluster("rr", schedulers=[])

    class Meddler(lvslab.Scheduler):
        def schedule(self, request, destinations):
            mine.remove_destination(VIP, SERVERS[0])

    mine = cluster("Meddler", schedulers=[Meddler])
    with pytest.raises(lvslab.IpvsError, match="cannot change the Ipvs that asks it"):
        mine.step(syn(1), 0)
    assert len(mine.destinations(VIP)) == len(ipvs.destinations(VIP)) == 3


def test_an_lvs_cf_may_name_it():
    text = """virtual shop {
    address = 192.168.26.10 eth0:1
    scheduler = fewest
}
"""
    with pytest.raises(lvslab.InputError):
        lvslab.load_config(text)
    ipvs = lvslab.Ipvs(schedulers=[Fewest])
    with pytest.warns(lvslab.InputWarning):
        assert lvslab.load_config(text).services[0].scheduler == "fewest"
    del ipvs


def test_what_it_decides_is_what_ipvs_does():
    ipvs = cluster("fewest", schedulers=[Fewest])
    first = ipvs.step(syn(1), 0)
    assert first.origin == "scheduled"
    assert ipvs.step(syn(1), 1).origin == "entry"
    assert ipvs.destinations(VIP)[-1].connections == 1


def test_a_server_that_must_not_be_chosen_is_none():
    ipvs = cluster("Recorder", schedulers=[Recorder], weights=(1, 1, 0))
    assert ipvs.step(syn(1), 0).action == "reject"
    assert cluster("Nobody", schedulers=[Nobody]).step(syn(1), 0).action == "reject"


def test_a_server_that_has_left_says_so():
    Recorder.seen.clear()
    ipvs = cluster("Recorder", schedulers=[Recorder])
    ipvs.step(syn(1), 0)
    (*_, destinations) = Recorder.seen[-1]
    ipvs.remove_destination(VIP, SERVERS[2])
    with pytest.raises(ValueError, match="no longer in the service"):
        destinations[0].weight
    assert destinations[1].endpoint == SERVERS[1]
    assert ipvs.step(syn(2), 0).server == SERVERS[1]


def test_what_it_raises_comes_out_and_ipvs_goes_on():
    ipvs = cluster("Broken", schedulers=[Broken])
    with pytest.raises(KeyError, match="lost"):
        ipvs.step(syn(1), 0)
    assert len(ipvs) == 0
    ipvs.edit_service(VIP, scheduler="rr")
    assert ipvs.step(syn(1), 1).action == "forward"


def test_a_scheduler_that_cannot_be_made_changes_nothing():
    class Unmade(lvslab.Scheduler):
        def __init__(self):
            raise OSError("no table")

    ipvs = lvslab.Ipvs(schedulers=[Unmade])
    with pytest.raises(OSError, match="no table"):
        ipvs.add_service(VIP, scheduler="Unmade")
    ipvs.add_service(VIP, scheduler="rr")
    ipvs.add_destination(VIP, SERVERS[0])
    assert ipvs.step(syn(1), 0).server == SERVERS[0]
    with pytest.raises(OSError, match="no table"):
        ipvs.edit_service(VIP, scheduler="Unmade")
    assert ipvs.step(syn(2), 700).server == SERVERS[0]


def test_what_is_no_server():
    with pytest.raises(TypeError, match='returned "10.0.0.1:80"; it returns one of its destinations'):
        cluster("Stranger", schedulers=[Stranger]).step(syn(1), 0)


def test_names():
    with pytest.raises(lvslab.IpvsError):
        cluster("fewest", schedulers=[])
    with pytest.raises(lvslab.InputError, match='schedulers.0.: there is a scheduler "rr" already'):
        lvslab.Ipvs(schedulers=[type("rr", (lvslab.Scheduler,), {})])
    with pytest.raises(lvslab.InputError, match="7 is no scheduler's name"):
        lvslab.Ipvs(schedulers=[type("seven", (lvslab.Scheduler,), {"name": 7})])
    with pytest.raises(TypeError, match="the class is wanted"):
        lvslab.Ipvs(schedulers=[Fewest()])
    with pytest.raises(lvslab.InputError, match="no scheduler's name"):
        lvslab.Ipvs(schedulers=[type("a b", (lvslab.Scheduler,), {})])
    with pytest.raises(TypeError, match="neither"):
        lvslab.Ipvs(schedulers=["rr"])


def test_a_name_is_free_again_when_nobody_uses_it():
    def other():
        return type("Passing", (lvslab.Scheduler,), {"schedule": Nobody.schedule})

    ipvs = cluster("Passing", schedulers=[other()])
    with pytest.raises(ValueError, match="already: another class of that name.*name = "):
        lvslab.Ipvs(schedulers=[other()])
    del ipvs
    gc.collect()
    cluster("Passing", schedulers=[other()])


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    library = tmp_path_factory.mktemp("plugin") / "least_by_hash.so"
    source = ROOT / "sim" / "plugin" / "example" / "least_by_hash.c"
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(
        ["cc", *warnings, "-shared", "-fPIC", f"-I{ROOT}", "-o", library, source], check=True
    )
    return library


def test_a_plugin_decides(plugin):
    library = lvslab.SchedulerPlugin(str(plugin))
    assert library.name == "least-by-hash"
    ipvs = cluster("least-by-hash", schedulers=[library], weights=(4, 4, 2))
    chosen = Counter(ipvs.step(syn(i), 0).server for i in range(1000))
    assert sum(chosen.values()) == 1000
    assert chosen[SERVERS[2]] < chosen[SERVERS[0]]
    assert 300 < chosen[SERVERS[0]] < 500 and 300 < chosen[SERVERS[1]] < 500


def test_a_plugin_sees_weights_of_zero(plugin):
    ipvs = cluster(
        "least-by-hash", schedulers=[lvslab.SchedulerPlugin(str(plugin))], weights=(1, 0, 0)
    )
    assert {ipvs.step(syn(i), 0).server for i in range(50)} == {SERVERS[0]}
    ipvs.edit_destination(VIP, SERVERS[0], method="direct", weight=0)
    assert ipvs.step(syn(99), 0).action == "reject"
    ipvs.remove_destination(VIP, SERVERS[0])
    ipvs.edit_destination(VIP, SERVERS[1], method="direct", weight=1)
    assert ipvs.step(syn(100), 0).server == SERVERS[1]


def test_files_that_are_no_plugin(tmp_path):
    with pytest.raises(lvslab.PluginError, match="nowhere.so"):
        lvslab.SchedulerPlugin("nowhere.so")
    source = tmp_path / "other.c"
    library = tmp_path / "other.so"
    source.write_text("int nothing;\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    with pytest.raises(lvslab.PluginError, match="does not define lvslab_scheduler_plugin"):
        lvslab.SchedulerPlugin(str(library))
    source.write_text(
        '#include "core/ipvs/scheduler_plugin.h"\n'
        "const struct lvslab_scheduler* lvslab_scheduler_plugin(void) {\n"
        "    static const struct lvslab_scheduler plugin = {.version = 77};\n"
        "    return &plugin;\n"
        "}\n"
    )
    library = tmp_path / "later.so"
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{ROOT}", "-o", library, source], check=True)
    with pytest.raises(lvslab.PluginError, match="speaks version 77 of the interface"):
        lvslab.SchedulerPlugin(str(library))
    with pytest.raises(lvslab.InputError, match="SchedulerPlugin.path: 7 .int. is no path"):
        lvslab.SchedulerPlugin(7)


def test_a_plugin_that_does_what_it_must_not(tmp_path):
    source = (ROOT / "sim" / "plugin" / "example" / "least_by_hash.c").read_text()
    text, changed = re.subn(r"const int64_t first = .*;", "return 7; int64_t first = 0;", source)
    assert changed == 1
    wrong, library = tmp_path / "wrong.c", tmp_path / "wrong.so"
    wrong.write_text(text)
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{ROOT}", "-o", library, wrong], check=True)
    known = lvslab.SchedulerPlugin(library)
    ipvs = cluster("least-by-hash", schedulers=[known])
    with pytest.raises(lvslab.PluginError, match="returned place 7, but there are 3 real servers"):
        ipvs.step(syn(1), 0)
    with pytest.raises(lvslab.RunError, match="returned place 7"):
        lvslab.run(by_direct_routing(seconds=1), "flow", scheduler=known)
