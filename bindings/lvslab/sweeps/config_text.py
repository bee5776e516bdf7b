# SPDX-License-Identifier: GPL-2.0-only
"""Puts values into an lvs.cf: `config.deadtime`, `config.virtual[shop].scheduler`,
`config.virtual[shop].server[web1].weight`. `*` in brackets is every block of the kind."""
import re

_BLOCK = re.compile(r"^\s*(virtual|failover|server)\s+(\S+)\s*\{\s*(?:#.*)?$")
_DIRECTIVE = re.compile(r"^(\s*)([A-Za-z_]\w*)(\s*=\s*)(.*?)\s*$")
_PATH = re.compile(r"(?:(virtual|failover)\[([^\]]+)\]\.)?(?:server\[([^\]]+)\]\.)?([A-Za-z_]\w*)$")


class NoSuchDirective(Exception):
    """The path leads nowhere in this lvs.cf; the text says why."""


def split_path(path):
    """[(kind, name), ...] of the blocks, and the directive. `path` is without `config.`"""
    match = _PATH.match(path)
    if match is None or (match.group(3) and not match.group(1)):
        raise NoSuchDirective(f'"config.{path}" is no path; write config.deadtime, '
                              "config.virtual[NAME].scheduler or "
                              "config.virtual[NAME].server[NAME].weight")
    blocks = [(match.group(1), match.group(2))] if match.group(1) else []
    if match.group(3):
        blocks.append(("server", match.group(3)))
    return blocks, match.group(4)


def put(text, path, value):
    """(text with the directive set wherever the path leads, number of places)."""
    blocks, directive = split_path(path)
    out, stack, places, lines = [], [], 0, text.splitlines(keepends=True)
    set_in = [False]   # one a level: has this block the directive already
    start = [0]        # where a missing directive goes in `out`
    for line in lines:
        opened = _BLOCK.match(line)
        if opened:
            out.append(line)
            stack.append((opened.group(1), opened.group(2)))
            set_in.append(False)
            start.append(len(out))
        elif line.strip().startswith("}") and stack:
            places += _finish(out, stack, blocks, set_in.pop(), start.pop(), directive, value)
            stack.pop()
            out.append(line)
        else:
            found = _DIRECTIVE.match(line)
            if found and found.group(2) == directive and _matches(stack, blocks):
                line = f"{found.group(1)}{directive}{found.group(3)}{value}\n"
                places += not set_in[-1]
                set_in[-1] = True
            out.append(line)
    places += _finish(out, stack, blocks, set_in[0], start[0], directive, value)
    return "".join(out), places


def _matches(stack, blocks):
    return len(stack) == len(blocks) and all(
        kind == wanted and name_wanted in ("*", name)
        for (kind, name), (wanted, name_wanted) in zip(stack, blocks))


def _finish(out, stack, blocks, is_set, start, directive, value):
    if is_set or not _matches(stack, blocks):
        return 0
    out.insert(start, f"{'    ' * len(stack)}{directive} = {value}\n")
    return 1
