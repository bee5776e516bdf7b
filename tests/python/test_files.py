# SPDX-License-Identifier: GPL-2.0-only
"""lvs.cf and scenario files, and what is wrong in them."""
import pickle
import warnings

import lvslab
import pytest

CONFIG = """\
serial_no = 5
primary = 192.168.26.1
service = lvs
network = direct
virtual web {
    address = 192.168.26.10 eth0:1
    active = 1
    port = 80
    scheduler = wrr
    persistent = 60
    server web1 {
        address = 10.0.0.1
        active = 1
        weight = 3
    }
    server web2 {
        address = 10.0.0.2
        active = 0
    }
}
"""


def test_a_configuration_has_services_and_servers():
    config = lvslab.load_config(CONFIG)
    assert config.network == "direct"
    assert config.primary == "192.168.26.1"
    assert config.backup is None
    assert config.deadtime == 5.0
    (web,) = config.services
    assert (web.name, web.address, web.port, web.protocol) == ("web", "192.168.26.10", 80, "tcp")
    assert web.scheduler == "wrr"
    assert web.persistent == 60.0
    assert web.pmask is None
    assert [(s.name, s.address, s.weight, s.active) for s in web.servers] == [
        ("web1", "10.0.0.1", 3, True),
        ("web2", "10.0.0.2", 1, False),
    ]
    assert config.service("web") == web
    with pytest.raises(KeyError, match='no virtual service "mail"'):
        config.service("mail")


def test_parts_outlive_the_variable_that_held_the_whole():
    server = lvslab.load_config(CONFIG).services[0].servers[0]
    assert server.name == "web1"


def test_a_configuration_is_written_back():
    config = lvslab.load_config(CONFIG)
    assert lvslab.load_config(config.to_text()) == config


def test_all_errors_at_once_with_their_places(tmp_path):
    path = tmp_path / "lvs.cf"
    path.write_text("deadtime = soon\nkeepalive = 2\nheartbeat_port = many\n")
    with pytest.raises(lvslab.InputError) as raised:
        lvslab.load_config(path)
    errors = [d for d in raised.value.diagnostics if d.severity == "error"]
    assert [(d.file, d.line, d.column) for d in errors] == [(str(path), 1, 12), (str(path), 3, 18)]
    assert '"soon"' in errors[0].message
    assert str(raised.value).splitlines() == [str(d) for d in errors]
    again = pickle.loads(pickle.dumps(raised.value))
    assert again.diagnostics == raised.value.diagnostics


def test_a_message_may_quote_bytes_that_are_no_text():
    with pytest.raises(lvslab.InputError) as raised:
        lvslab.load_config(b"deadtime = \xff\xfe\n")
    assert raised.value.diagnostics[0].line == 1


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        lvslab.load_config("nowhere/lvs.cf")
    with pytest.raises(FileNotFoundError):
        lvslab.load_scenario("nowhere/scenario.yaml")


def test_check_finds_what_can_be_read_but_not_run():
    twice = CONFIG + CONFIG[CONFIG.index("virtual web") :].replace("virtual web", "virtual twin")
    found = lvslab.check_config(twice)
    assert any(d.severity == "error" and d.line for d in found)
    with pytest.warns(lvslab.InputWarning, match="is that of virtual"):
        loaded = lvslab.load_config(twice)
    assert set(map(str, lvslab.check_config(loaded))) <= set(map(str, found))


def test_what_the_check_calls_an_error_is_read_with_a_warning_and_refused_in_a_scenario(scenarios):
    text = CONFIG.replace("primary = 192.168.26.1\n", "")
    (error,) = [d for d in lvslab.check_config(text) if d.severity == "error"]
    assert "primary is not given" in error.message
    with pytest.warns(lvslab.InputWarning) as warned:
        lvslab.load_config(text)
    assert [str(w.message) for w in warned] == [f"{error}; nothing runs it"]
    folder = scenarios / "published-shape"
    cf = (folder / "lvs.cf").read_text()
    line = next(line for line in cf.splitlines() if line.startswith("primary ="))
    with pytest.raises(lvslab.InputError, match="primary is not given"):
        lvslab.load_scenario(
            (folder / "scenario.yaml").read_text(), files={"lvs.cf": cf.replace(line + "\n", "")}
        )


def test_check_of_what_cannot_be_read_raises_nothing():
    found = lvslab.check_config("deadtime = soon\n")
    assert [d.severity for d in found] == ["error"]


def test_a_shipped_scenario(scenarios):
    with warnings.catch_warnings():
        warnings.simplefilter("error", lvslab.InputWarning)
        scenario = lvslab.load_scenario(scenarios / "published-shape" / "scenario.yaml")
    configured = {server.address for server in scenario.services[0].servers}
    assert {server.interface.split("/")[0] for server in scenario.servers} <= configured
    assert scenario.workloads[0].to == scenario.services[0].address + ":80"
    assert scenario.end >= scenario.workloads[0].start + scenario.workloads[0].length
    assert "lvs.cf" in scenario.named_files


def test_a_scenario_is_pickled_with_all_its_files(scenarios):
    scenario = lvslab.load_scenario(scenarios / "published-shape" / "scenario.yaml")
    again = pickle.loads(pickle.dumps(scenario))
    assert again.config == scenario.config
    assert again.text == scenario.text


def test_a_scenario_from_texts(scenarios):
    folder = scenarios / "published-shape"
    text = (folder / "scenario.yaml").read_text()
    scenario = lvslab.load_scenario(text, files={"lvs.cf": (folder / "lvs.cf").read_text()})
    assert scenario.config == lvslab.load_config((folder / "lvs.cf").read_text())
    with pytest.raises(lvslab.InputError, match="lvs.cf"):
        lvslab.load_scenario(text, folder=scenarios)


def test_errors_of_a_scenario(scenarios):
    folder = scenarios / "published-shape"
    text = (folder / "scenario.yaml").read_text()
    with pytest.raises(lvslab.InputError) as raised:
        lvslab.load_scenario(text + "\nno-such-thing: 1\n", folder=folder, name="mine.yaml")
    error = raised.value.diagnostics[0]
    assert error.file == "mine.yaml"
    assert error.line == text.count("\n") + 2
    assert "no-such-thing" in error.message
