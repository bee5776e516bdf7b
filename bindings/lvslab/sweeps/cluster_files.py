# SPDX-License-Identifier: GPL-2.0-only
"""A scenario with all files that it names, as bytes that can travel, and its points' versions of it."""
import os
import posixpath
from dataclasses import dataclass

from . import config_text, scenario_text, yaml_tree
from .findings import Findings

MOST_BYTES = 16 * 1024 * 1024


@dataclass
class ClusterFiles:
    """scenario: the name of its file; texts: name -> bytes, names as in the scenario (from its
    folder); configs: names of the lvs.cf files in it."""
    scenario: str
    texts: dict
    configs: list
    names: dict
    seed: int
    folder: str


def read(path, told_as, findings_here, mark):
    """The scenario at `path` and what it names; findings go to `findings_here` at the mark."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no UTF-8 text"
        findings_here.at(mark, f"scenario {told_as}: {reason}")
        return None
    own = Findings(told_as)
    root = yaml_tree.compose(text, own)
    if root is None:
        findings_here.items.extend(own.items)
        return None
    folder = os.path.dirname(path)
    texts, configs = {os.path.basename(path): raw}, []
    for name in _files_named(root, folder):
        if os.path.isabs(name):
            findings_here.at(mark, f"{told_as} names {name}, which would not travel to other "
                                   "machines; name it from the scenario's folder")
            continue
        with open(os.path.join(folder, name), "rb") as file:
            texts[name] = file.read()
    size = sum(len(t) for t in texts.values())
    if size > MOST_BYTES:
        findings_here.at(mark, f"{told_as} and its files have {size} bytes; a point can carry "
                               f"{MOST_BYTES}")
    for name in _configs_named(root):
        if name in texts and name not in configs:
            configs.append(name)
    seed = scenario_text.scalar_at(root, "seed") or "1"
    return ClusterFiles(os.path.basename(path), texts, configs,
                        scenario_text.names_of(text, Findings("")),
                        int(seed) if seed.isdigit() else 1, folder)


def carry(files, text, is_config):
    """Adds the file that a parameter's value names, if it names one."""
    for name in _names_in(text, files.folder):
        if not os.path.isabs(name) and name not in files.texts:
            with open(os.path.join(files.folder, name), "rb") as file:
                files.texts[name] = file.read()
            if is_config:
                files.configs.append(name)


def _files_named(root, folder):
    return list(dict.fromkeys(name for node in scenario_text.scalars(root)
                              for name in _names_in(node.value, folder)))


def _names_in(text, folder):
    """Whatever a scenario says that is a file: `lvs.cf`, `file arrivals.txt`."""
    for name in (text, text.partition(" ")[2].strip()):
        if name and "\n" not in name and "\0" not in name \
                and os.path.isfile(os.path.join(folder, name)):
            yield name


def _configs_named(root):
    yield scenario_text.scalar_at(root, "config")
    routers = yaml_tree.children(root).get("routers")
    if routers and yaml_tree.is_mapping(routers[1]):
        for name in yaml_tree.children(routers[1]):
            yield scenario_text.scalar_at(root, "routers", name, "config")


def with_values(files, values):
    """The files with (path, text) pairs put in. Raises NoSuchPlace or NoSuchDirective."""
    texts = dict(files.texts)
    scenario = texts[files.scenario].decode("utf-8")
    for path, value in values:
        if path.startswith("config."):
            places = 0
            for name in files.configs:
                text, here = config_text.put(texts[name].decode("utf-8", "surrogateescape"),
                                             path[len("config."):], value)
                texts[name] = text.encode("utf-8", "surrogateescape")
                places += here
            if not places:
                raise config_text.NoSuchDirective(f'"{path}": no lvs.cf of the scenario has such '
                                                  "a block")
        else:
            scenario = scenario_text.put(scenario, path, value)
    texts[files.scenario] = scenario.encode("utf-8")
    return laid_out(files.scenario, texts)


def laid_out(scenario, texts):
    """name -> bytes in one folder: where a file stands above the scenario, all go down a level."""
    def levels(name):
        return posixpath.normpath(name).split("/").count("..")
    depth = max(levels(name) for name in texts)
    below = "/".join(["d"] * depth)
    placed = {posixpath.normpath(posixpath.join(below, name)): text
              for name, text in texts.items()}
    return posixpath.normpath(posixpath.join(below, scenario)), placed
