# SPDX-License-Identifier: GPL-2.0-only
"""Puts values into a scenario file by their paths. The rest of the text stays as it was written.

`servers.web1.speed`; `servers.*.speed` is that of every server; `faults[0].at` is in a list. A key that
is not there yet is added, and so are the mappings on the way to it.
"""
import json
import re

import yaml

from . import yaml_tree

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class NoSuchPlace(Exception):
    """The path leads nowhere in this scenario; the text says why."""


def path_steps(path):
    """["servers", "web1", "speed"]; numbers are places in lists. NoSuchPlace if it is no path."""
    steps, at = [], 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise NoSuchPlace(f'"{path}" is no path; write servers.web1.speed or faults[0].at')
        steps.append(match.group(1) if match.group(2) is None else int(match.group(2)))
        at = match.end()
        if at < len(path) and path[at] == ".":
            at += 1
            if at == len(path):
                raise NoSuchPlace(f'"{path}" ends in a dot')
    return steps


def names_of(text, findings):
    """The names of the scenario's things by the lists of a summary: servers, workloads, ..."""
    root = yaml_tree.compose(text, findings)
    if root is None:
        return {}
    top = yaml_tree.children(root)

    def keys(section):
        found = top.get(section)
        return list(yaml_tree.children(found[1])) if found and yaml_tree.is_mapping(found[1]) else []
    return {"servers": keys("servers"), "workloads": keys("workload"), "routers": keys("routers")}


def scalar_at(root, *path):
    """The text of the scalar at the path below the root node, or None."""
    node = root
    for step in path:
        if not yaml_tree.is_mapping(node):
            return None
        found = yaml_tree.children(node).get(step)
        if found is None:
            return None
        node = found[1]
    return node.value if yaml_tree.is_scalar(node) else None


def scalars(node):
    """Every scalar value below the node."""
    if yaml_tree.is_scalar(node):
        yield node
    elif yaml_tree.is_list(node):
        for item in node.value:
            yield from scalars(item)
    else:
        for _, value in node.value:
            yield from scalars(value)


def put(text, path, value):
    """The text with the value (YAML) at the path. NoSuchPlace if it cannot stand there."""
    from .findings import Findings
    findings = Findings("")
    root = yaml_tree.compose(text, findings)
    if root is None:
        raise NoSuchPlace(findings.items[0].text)
    edits = []
    _edit(root, path_steps(path), value, path, edits)
    # From the end, so that places before stay right.
    for start, stop, new in sorted(set(edits), reverse=True):
        text = text[:start] + new + text[stop:]
    return text


def _edit(node, steps, value, path, edits):
    if not steps:
        if not yaml_tree.is_scalar(node) and not node.flow_style:
            raise NoSuchPlace(f'"{path}" is a block of several lines; name something in it')
        edits.append((node.start_mark.index, node.end_mark.index, value))
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        if not yaml_tree.is_list(node) or step >= len(node.value):
            raise NoSuchPlace(f'"{path}": there is no item [{step}]')
        _edit(node.value[step], rest, value, path, edits)
        return
    if not yaml_tree.is_mapping(node):
        raise NoSuchPlace(f'"{path}": nothing can be called "{step}" there')
    inside = yaml_tree.children(node)
    if step == "*":
        if not inside:
            raise NoSuchPlace(f'"{path}": there is nothing that * stands for')
        for _, child in inside.values():
            _edit(child, rest, value, path, edits)
    elif step in inside:
        _edit(inside[step][1], rest, value, path, edits)
    elif "*" in rest or any(isinstance(s, int) for s in rest):
        raise NoSuchPlace(f'"{path}": there is no "{step}"')
    else:
        for outer in reversed(rest):
            value = f"{{ {outer}: {value} }}"
        edits.append(_added(node, f"{step}: {value}"))


def _added(mapping, entry):
    """Where and what to insert so that the mapping gets one more entry."""
    if mapping.flow_style:
        at = mapping.start_mark.index + 1
        return at, at, f" {entry}," if mapping.value else f" {entry} "
    first = mapping.value[0][0].start_mark
    return first.index, first.index, f"{entry}\n{' ' * first.column}"


def yaml_value(value):
    """A value of a sweep file as it is put into a scenario: a text as it stands, lists in brackets."""
    if isinstance(value, yaml.Node):
        if yaml_tree.is_scalar(value):
            quoted = value.style in ("'", '"') and any(c in value.value for c in ":{}[],#")
            return json.dumps(value.value, ensure_ascii=False) if quoted else value.value
        if yaml_tree.is_list(value):
            return "[" + ", ".join(yaml_value(v) for v in value.value) + "]"
        return "{ " + ", ".join(f"{k.value}: {yaml_value(v)}" for k, v in value.value) + " }"
    return str(value)
