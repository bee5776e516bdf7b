# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios and lvs.cf files from Python's own values, by the same readers as files."""

import datetime
import json
import os
import re
from collections.abc import Mapping

from . import _lvslab
from .errors import InputError
from .files import _text_of, load_scenario, read_config_to_run


class _Lines:
    """A text, and which of the caller's values each of its lines came from."""

    def __init__(self):
        self.lines, self.places = [], []

    def add(self, line, place):
        self.lines.append(line)
        self.places.append(place)

    def text(self):
        return "".join(line + "\n" for line in self.lines)

    def relocated(self, error, name):
        """The findings, at the places of the values."""
        moved = []
        for d in error.diagnostics:
            if d.file == name and 0 < d.line <= len(self.places):
                d = _lvslab.Diagnostic(d.severity, self.places[d.line - 1], 0, 0, d.message)
            moved.append(d)
        return InputError(moved)


def _time(value):
    """A timedelta as scenarios write it, exact."""
    microseconds = value // datetime.timedelta(microseconds=1)
    return f"{microseconds}us" if microseconds % 1_000_000 else f"{microseconds // 1_000_000}s"


def _scalar(value, place):
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, datetime.timedelta):
        return _time(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if hasattr(value, "item"):  # numpy's numbers
        return _scalar(value.item(), place)
    raise TypeError(f"{place}: a {type(value).__name__} cannot be written into a scenario")


def _mapping(value, place, of):
    if not isinstance(value, Mapping):
        found = f"a {type(value).__name__}, expected a dict of {of}"
        raise InputError([_lvslab.Diagnostic("error", place, 0, 0, f"found {found}")])
    return value


def _write_yaml(lines, value, place, indent, lead):
    pad = "  " * indent
    if isinstance(value, dict) and value:
        lines.add(f"{pad}{lead}".rstrip() or "---", place)
        for key, inner in value.items():
            _write_yaml(lines, inner, f"{place}.{key}", indent + 1, f"{json.dumps(str(key))}: ")
    elif isinstance(value, (list, tuple)) and value:
        lines.add(f"{pad}{lead}".rstrip(), place)
        for i, inner in enumerate(value):
            _write_yaml(lines, inner, f"{place}[{i}]", indent + 1, "- ")
    elif isinstance(value, (dict, list, tuple)):
        lines.add(f"{pad}{lead}" + ("{}" if isinstance(value, dict) else "[]"), place)
    else:
        lines.add(f"{pad}{lead}{_scalar(value, place)}", place)


def build_scenario(scenario, *, config, **sections):
    """A scenario from Python's values, with the keys of a scenario file (docs/scenario.md).

    Args:
        scenario: its name.
        config: a LvsConfig, or what load_config takes: the text of an lvs.cf, or its path.
        sections: ``routers=``, ``servers=``, ``clients=``, ``workload=``, ... as dicts and lists.
            Quantities are text with their units ("40ms") or, for times, datetime.timedelta;
            True and False stand for on and off; None leaves a key out.

    Returns:
        Scenario; its ``text`` is the YAML that it amounts to.

    Raises:
        InputError: each finding's ``file`` names the value: ``servers.web1.service``.

    >>> import lvslab
    >>> config = lvslab.build_config(
    ...     primary="192.168.26.9", network="direct",
    ...     services={"http": dict(address="192.168.26.10 eth0:1", active=True, port=80,
    ...         scheduler="rr",
    ...         servers={"web1": dict(address="192.168.26.21", active=True, weight=1)})})
    >>> parts = dict(
    ...     routers={"lvs1": dict(public="192.168.26.9/24")},
    ...     servers={"web1": dict(address="192.168.26.21/24", service="exponential 40ms")},
    ...     clients={"office": dict(count=20, network="172.16.0.0/16")},
    ...     workload={"shop": {"from": "office", "to": "192.168.26.10:80", "for": "10s",
    ...         "arrivals": "poisson 20/s", "request": "400B", "response": "12KiB"}})
    >>> lvslab.build_scenario("mine", config=config, **parts).workloads[0].length
    10.0
    >>> parts["servers"]["web1"]["service"] = "quickly"
    >>> try:
    ...     lvslab.build_scenario("mine", config=config, **parts)
    ... except lvslab.InputError as error:
    ...     error.diagnostics[0].file
    'servers.web1.service'
    """
    lines = _Lines()
    lines.add(f"scenario: {_scalar(scenario, 'scenario')}", "scenario")
    lines.add("config: lvs.cf", "config")
    for key, value in sections.items():
        if value is not None:
            _write_yaml(lines, _without_none(value), key, 0, f"{key}: ")
    try:
        return load_scenario(lines.text(), name="<scenario>", files={"lvs.cf": _config_text(config)})
    except InputError as error:
        raise lines.relocated(error, "<scenario>") from None


def _config_text(config):
    if isinstance(config, _lvslab.LvsConfig):
        return config.to_text()
    if not isinstance(config, (str, bytes, os.PathLike)):
        found = f"found a {type(config).__name__}, expected a LvsConfig, the text of an lvs.cf or a path"
        raise InputError([_lvslab.Diagnostic("error", "config", 0, 0, found)])
    text, _, _ = _text_of(config, None, "lvs.cf")
    return text


def _without_none(value):
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(v) for v in value]
    return value


def _directive(value, place):
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime.timedelta):
        return repr(value.total_seconds()).removesuffix(".0")
    if isinstance(value, (int, float, str)):
        text = str(value)
        if re.search(r"[\r\n]", text):
            raise ValueError(f"{place}: a value of an lvs.cf has no line break")
        return text
    if hasattr(value, "item"):
        return _directive(value.item(), place)
    raise TypeError(f"{place}: a {type(value).__name__} cannot be written into an lvs.cf")


def _write_block(lines, directives, place, pad):
    for key, value in directives.items():
        if value is not None and key not in ("services", "servers"):
            where = f"{place}{key}"
            lines.add(f"{pad}{key} = {_directive(value, where)}", where)


def build_config(*, services, **directives):
    """An lvs.cf from Python's values, with the directives of docs/lvs-cf.md as keys.

    Args:
        services: dict, name -> directives of a ``virtual`` block; its ``servers`` is a dict,
            name -> directives of a ``server`` block.
        directives: of the file itself. True and False are 1 and 0, datetime.timedelta seconds,
            None leaves one out.

    Returns:
        LvsConfig.

    Raises:
        InputError: each finding's ``file`` names the value: ``services.http.port``. What
            ``lvslab config check`` calls an error is one here too.
    """
    lines = _Lines()
    _write_block(lines, directives, "", "")
    for name, service in _mapping(services, "services", "services by name").items():
        place = f"services.{name}"
        _mapping(service, place, "directives")
        lines.add(f"virtual {name} {{", place)
        _write_block(lines, service, place + ".", "    ")
        servers = _mapping(service.get("servers") or {}, f"{place}.servers", "servers by name")
        for server, inner in servers.items():
            where = f"{place}.servers.{server}"
            _mapping(inner, where, "directives")
            lines.add(f"    server {server} {{", where)
            _write_block(lines, inner, where + ".", "        ")
            lines.add("    }", where)
        lines.add("}", place)
    try:
        return read_config_to_run(lines.text(), "<lvs.cf>")
    except InputError as error:
        raise lines.relocated(error, "<lvs.cf>") from None
