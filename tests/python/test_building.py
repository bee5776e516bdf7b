# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios and lvs.cf files from Python's values."""
import datetime

import lvslab
import numpy
import pytest


def config(**service):
    directives = dict(address="192.168.26.10 eth0:1", active=True, port=80) | service
    directives.setdefault("servers", {"web1": dict(address="192.168.26.21", active=True)})
    return lvslab.build_config(
        primary="192.168.26.9",
        network="direct",
        deadtime=datetime.timedelta(seconds=9),
        services={"http": directives},
    )


def parts(**changes):
    return {
        "routers": {"lvs1": {"public": "192.168.26.9/24"}},
        "servers": {"web1": {"address": "192.168.26.21/24", "service": "40ms", "queue": None}},
        "clients": {"office": {"count": numpy.int64(20), "network": "172.16.0.0/16"}},
        "workload": {
            "shop": {
                "from": "office",
                "to": "192.168.26.10:80",
                "arrivals": "poisson 20/s",
                "for": datetime.timedelta(minutes=1),
                "request": "400B",
                "response": "12KiB",
            }
        },
    } | changes


def places(raised):
    return [d.file for d in raised.value.diagnostics if d.severity == "error"]


def test_values_reach_the_model():
    scenario = lvslab.build_scenario("mine", config=config(), daemons=False, **parts())
    assert scenario.name == "mine"
    assert scenario.config.deadtime == 9
    assert not scenario.daemons
    assert scenario.workloads[0].length == 60
    assert scenario.clients[0].count == 20
    assert scenario.servers[0].queue is None


def test_its_text_is_a_scenario_file():
    scenario = lvslab.build_scenario("mine", config=config(), **parts())
    again = lvslab.load_scenario(scenario.text, files={"lvs.cf": scenario.named_files["lvs.cf"]})
    assert again.config == scenario.config
    assert again.end == scenario.end


def test_text_may_hold_what_yaml_would_take_for_something_else():
    about = 'yes: "no" # {off}, - \u00e4\nsecond line'
    scenario = lvslab.build_scenario("mine", config=config(), about=about, **parts())
    assert scenario.about == about


def test_errors_name_the_values_all_at_once():
    servers = {"web1": {"address": "nowhere", "service": "40ms"}}
    changes = [{"at": "1s", "leave": "web9"}]
    with pytest.raises(lvslab.InputError) as raised:
        lvslab.build_scenario("mine", config=config(), **parts(servers=servers, changes=changes))
    assert "servers.web1.address" in places(raised)
    assert any(place.startswith("changes[0]") for place in places(raised))
    assert "nowhere" in str(raised.value)


def test_errors_of_a_configuration_name_the_directive():
    with pytest.raises(lvslab.InputError) as raised:
        config(port="many", timeout="soon")
    assert set(places(raised)) == {"services.http.port", "services.http.timeout"}


def test_a_configuration_that_no_cluster_can_run_is_refused_in_the_words_of_the_check():
    server = dict(address="192.168.26.21", active=True, weight=-1)
    service = dict(address="192.168.26.10 eth0:1", active=True, servers={"web1": server})
    with pytest.raises(lvslab.InputError) as raised:
        lvslab.build_config(network="direct", services={"http": service})
    assert "primary is not given: every router takes itself for the backup" in str(raised.value)
    assert "services.http.servers.web1.weight" in places(raised)


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}])
def test_what_no_scenario_can_hold(value):
    with pytest.raises(TypeError, match="about"):
        lvslab.build_scenario("mine", config=config(), about=value, **parts())
    with pytest.raises(TypeError, match="services.http.send"):
        config(send=value)


def test_a_line_break_does_not_smuggle_directives_in():
    with pytest.raises(ValueError, match="line break"):
        config(scheduler="rr\nport = 81")


@pytest.mark.parametrize(
    "build, wrong",
    [
        (lambda: lvslab.build_config(services=["http"]), "services: found a list, expected a dict"),
        (lambda: lvslab.build_config(services={"http": "x"}), "services.http: found a str, expected"),
        (
            lambda: lvslab.build_config(services={"http": dict(servers=["web1"])}),
            "services.http.servers: found a list, expected a dict of servers by name",
        ),
        (
            lambda: lvslab.build_config(services={"http": dict(servers={"web1": 3})}),
            "services.http.servers.web1: found a int, expected a dict of directives",
        ),
        (lambda: lvslab.build_scenario("x", config=5), "config: found a int, expected a LvsConfig"),
    ],
)
def test_what_is_no_dict_is_told(build, wrong):
    with pytest.raises(lvslab.InputError) as raised:
        build()
    assert str(raised.value).startswith(wrong)


def test_a_scenario_may_name_its_config_by_path(scenarios):
    config = scenarios / "nat-two-tier" / "lvs.cf"
    with pytest.raises(lvslab.InputError) as raised:
        lvslab.build_scenario("x", config=str(config), servrs={})
    assert {d.file for d in raised.value.diagnostics} == {"scenario", "servrs"}
    with pytest.raises(FileNotFoundError):
        lvslab.build_scenario("x", config="nowhere.cf")
    with pytest.raises(FileNotFoundError, match="an empty text is no path"):
        lvslab.load_config("")
