# SPDX-License-Identifier: GPL-2.0-only
"""Reads a SWEEP.yaml: all mistakes at once, each at its place."""
import os
import re
from dataclasses import dataclass, field

from . import cluster_files, config_text, quantities, scenario_text, values, yaml_tree
from .findings import Findings, hint
from .intervals import Seeds, Target

MOST_POINTS = 100_000
MOST_SEEDS = 10_000
WORLDS = ("packet", "flow", "kernel")
DEFAULT_MEASURES = ("p50", "p95", "p99", "imbalance")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}$")
_UNTIL = re.compile(r"\s*(\S+)\s+half-width\s*<=\s*(\S+)\s*$")


@dataclass
class Sweep:
    """A sweep that can run. points: one tuple of texts each, in the order of `parameters`."""
    name: str
    about: str
    file: str
    scenario: str
    files: cluster_files.ClusterFiles
    world: str
    parameters: list
    points: list
    sampled: bool
    seeds: Seeds
    measures: list
    baseline: int
    marks: dict = field(default_factory=dict)  # (path, value), "scenario" -> mark in the file

    def values_of(self, point):
        return [(p.path, text) for p, text in zip(self.parameters, self.points[point])]


def read(path):
    """The sweep in the file. Raises BadInput with all that is wrong."""
    sweep, findings = examine(path)
    findings.raise_if_any()
    return sweep


def examine(path):
    """(what is understood of the sweep in the file, Findings). With findings the sweep is fit for
    program.check_sweep alone, or None where there is nothing to check."""
    told_as = os.fspath(path)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        findings = Findings(told_as)
        findings.at(None, getattr(error, "strerror", None) or "is no UTF-8 text")
        return None, findings
    return examine_text(text, told_as, os.path.dirname(told_as))


def examine_text(text, told_as, folder):
    """The same from a text; the scenario's path starts from `folder`."""
    findings = Findings(told_as)
    root = yaml_tree.compose(text, findings)
    return _Reader(findings, folder).read(root) if root is not None else None, findings


class _Reader:
    KEYS = ("sweep", "about", "scenario", "world", "parameters", "sample", "seeds", "measure",
            "confidence", "baseline")

    def __init__(self, findings, folder):
        self.findings, self.folder = findings, folder
        self.marks = {}

    def read(self, root):
        top = self.mapping(root, self.KEYS)
        name = self.word(top, "sweep", required=root.start_mark)
        if name and not _NAME.match(name):
            self.findings.at(top["sweep"].start_mark,
                             "a name has letters, digits, - _ and ., at most 64")
        about = self.word(top, "about") or ""
        scenario = self.word(top, "scenario", required=root.start_mark)
        files = None
        if scenario:
            self.marks["scenario"] = top["scenario"].start_mark
            at = os.path.normpath(os.path.join(self.folder, scenario))
            files = cluster_files.read(at, at, self.findings, top["scenario"].start_mark)
        world = self.word(top, "world") or "packet"
        if world not in WORLDS:
            self.findings.at(top["world"].start_mark,
                             f'no world is called "{world}"; {hint(world, WORLDS)}')
        method, count, sample_seed = self.sample(top.get("sample"))
        parameters = self.parameters(top.get("parameters"), method is not None)
        confidence = self.share(top.get("confidence"), 0.95)
        seeds = self.seeds(top.get("seeds"), confidence, files)
        measures = self.measures(top.get("measure"), files)
        for target in seeds.targets if seeds else ():
            if target.quantity not in measures:
                measures.append(target.quantity)
        for parameter in parameters if files else ():
            for text in parameter.values or ():
                cluster_files.carry(files, text, parameter.path.endswith("config"))
        paths = self.paths(top.get("parameters"))
        # Of parameters that were not understood the points cannot be told.
        understood = len(parameters) == len(paths)
        points = self.points(top, parameters, method, count, sample_seed) if understood else None
        baseline = self.baseline(top.get("baseline"), paths, points)
        placed = [p for p in parameters if files and self.has_place(files, p)]
        if files is None or points == [] or world not in WORLDS:
            return None
        if len(placed) < len(paths):  # what can be checked of them
            parameters = placed
            points = self.points(top, placed, method, count, sample_seed) if placed else [()]
        return Sweep(name, about, self.findings.file, scenario, files, world, parameters, points,
                     method is not None, seeds, measures, baseline, self.marks)

    # Parts of YAML.

    def mapping(self, node, keys):
        """name -> value node; what is not among the keys is told."""
        found = {}
        for name, (key, value) in yaml_tree.children(node).items():
            if name in keys:
                found[name] = value
                continue
            self.findings.at(key.start_mark, f'"{name}" is unknown; {hint(name, keys)}')
        return found

    def word(self, found, name, required=None):
        node = found.get(name)
        if node is None:
            if required is not None:
                self.findings.at(required, f'"{name}" is missing')
            return None
        if not yaml_tree.is_scalar(node) or not node.value.strip():
            self.findings.at(node.start_mark, f"{name}: expected a word")
            return None
        return node.value

    def whole(self, node, what, least=1, most=MOST_SEEDS):
        if node is None:
            return None
        if yaml_tree.is_scalar(node) and node.value.isdigit() and least <= int(node.value) <= most:
            return int(node.value)
        self.findings.at(node.start_mark, f"{what}: expected a whole number from {least} to {most}")
        return None

    def share(self, node, default):
        if node is None:
            return default
        found = values.split_quantity(node.value) if yaml_tree.is_scalar(node) else None
        if found and found[1] == "%" and 50 <= found[0] < 100:
            return found[0] / 100
        self.findings.at(node.start_mark, "confidence: expected a share from 50% to below 100%")
        return default

    # The keys.

    def sample(self, node):
        if node is None:
            return None, 0, 1
        if not yaml_tree.is_mapping(node):
            self.findings.at(node.start_mark, "sample: expected { random: N }, { sobol: N } or "
                                              "{ latin: N }")
            return "random", 1, 1
        found = self.mapping(node, ("random", "sobol", "latin", "seed"))
        methods = [m for m in ("random", "sobol", "latin") if m in found]
        if len(methods) != 1:
            self.findings.at(node.start_mark, "sample: one of random, sobol and latin")
            return "random", 1, 1
        count = self.whole(found[methods[0]], methods[0], 1, MOST_POINTS)
        seed = self.whole(found.get("seed"), "seed", 0, 2**63)
        return methods[0], count or 1, 1 if seed is None else seed

    def parameters(self, node, sampled):
        if node is None:
            return []
        if not yaml_tree.is_mapping(node):
            self.findings.at(node.start_mark, "parameters: expected PATH: VALUES, one each")
            return []
        read = []
        for path, (key, value) in yaml_tree.children(node).items():
            try:
                if path.startswith("config."):
                    config_text.split_path(path[len("config."):])
                else:
                    scenario_text.path_steps(path)
            except (scenario_text.NoSuchPlace, config_text.NoSuchDirective) as error:
                self.findings.at(key.start_mark, str(error))
                continue
            if path == "seed":
                self.findings.at(key.start_mark, "seeds stand under seeds: { count, first }")
                continue
            parameter = values.Parameter(path, key.start_mark)
            if yaml_tree.is_list(value):
                self.listed(parameter, value, None)
            elif yaml_tree.is_scalar(value):
                parameter.values = [scenario_text.yaml_value(value)]
                self.marks[path, parameter.values[0]] = value.start_mark
            else:
                self.ranged(parameter, value, sampled)
            if parameter.values or parameter.drawn:
                read.append(parameter)
        return read

    def listed(self, parameter, node, template):
        texts = []
        for item in node.value:
            text = self.dressed(scenario_text.yaml_value(item), template)
            if text in texts:
                self.findings.at(item.start_mark, f"{text} is there twice")
            texts.append(text)
            self.marks[parameter.path, text] = item.start_mark
        if not texts:
            self.findings.at(node.start_mark, f"{parameter.path}: no values")
        parameter.values = texts

    @staticmethod
    def dressed(text, template):
        return text if template is None else template.replace("{}", text)

    def ranged(self, parameter, node, sampled):
        found = self.mapping(node, ("values", "from", "to", "step", "count", "scale", "as",
                                    "normal", "whole"))
        template = self.word(found, "as")
        if template is not None and "{}" not in template:
            self.findings.at(found["as"].start_mark, 'as: expected {} where the value goes, as in '
                                                     '"poisson {}/s"')
            template = None
        for kind in ("values", "normal"):
            if kind in found:
                self.alone(found, (kind, "as"), f"is for a range, not for {kind}")
        if "values" in found:
            if yaml_tree.is_list(found["values"]):
                self.listed(parameter, found["values"], template)
            else:
                self.findings.at(found["values"].start_mark, "values: expected a list")
            return
        if "normal" in found:
            self.normal(parameter, found["normal"], template, sampled)
            return
        ends = [self.quantity(found, name, node) for name in ("from", "to")]
        whole = self.yes_or_no(found.get("whole"), "whole", False)
        if None in ends:
            return
        (start, unit), (stop, unit_of_stop) = ends
        if unit != unit_of_stop or start >= stop:
            self.findings.at(found["from"].start_mark,
                             f"{parameter.path}: from is less than to, in the same unit")
            if "step" in found and "count" in found:
                self.findings.at(found["count"].start_mark, "step or count, not both")
            return
        scale = self.word(found, "scale") or "linear"
        if scale not in ("linear", "log") or (scale == "log" and start <= 0):
            self.findings.at(found["scale"].start_mark, "scale: linear, or log of what is positive")
            return

        def text_of(number):
            number = round(number) if whole else number
            return self.dressed(values.number_text(number) + unit, template)
        numbers = self.numbers(found, start, stop, unit, scale, sampled, node)
        if numbers is not None:
            parameter.values = list(dict.fromkeys(text_of(n) for n in numbers))
            self.marks.update({(parameter.path, t): node.start_mark for t in parameter.values})
        elif sampled and "step" not in found and "count" not in found:
            def draw(u):
                if scale == "log":
                    return text_of(start * (stop / start) ** u)
                return text_of(start + (stop - start) * u)
            parameter.drawn = draw

    def alone(self, found, names, why):
        """Tells what stands beside these and would have no meaning there."""
        for name, node in found.items():
            if name not in names:
                self.findings.at(node.start_mark, f"{name}: {why}")

    def quantity(self, found, name, node):
        if name not in found:
            self.findings.at(node.start_mark, f'"{name}" is missing: expected values, or from and '
                                              "to")
            return None
        value = found[name]
        split = values.split_quantity(value.value) if yaml_tree.is_scalar(value) else None
        if split is None:
            self.findings.at(value.start_mark, f"{name}: expected a number, with its unit if it "
                                               "has one")
        return split

    def numbers(self, found, start, stop, unit, scale, sampled, node):
        """The steps of a range; None if it has none, or they are wrong."""
        if "step" in found and "count" in found:
            self.findings.at(found["count"].start_mark, "step or count, not both")
        elif "step" in found:
            step = self.quantity(found, "step", node)
            if step is None:
                return None
            if step[0] <= 0 or step[1] != unit or scale == "log":
                self.findings.at(found["step"].start_mark,
                                 "step: positive, in the unit of from, on a linear scale")
            elif (stop - start) / step[0] > MOST_POINTS:
                self.findings.at(found["step"].start_mark, f"more than {MOST_POINTS} values")
            else:
                return values.steps(start, stop, step[0])
        elif "count" in found:
            count = self.whole(found["count"], "count", 2, MOST_POINTS)
            return None if count is None else values.spaced(start, stop, count, scale == "log")
        elif not sampled:
            self.findings.at(node.start_mark, "a range of a grid has step or count; without them "
                                              "it is for sample")
        return None

    def normal(self, parameter, node, template, sampled):
        if not sampled:
            self.findings.at(node.start_mark, "a distribution is for sample")
            return
        if not yaml_tree.is_mapping(node):
            self.findings.at(node.start_mark, "normal: expected { mean, deviation }")
            return
        found = self.mapping(node, ("mean", "deviation"))
        both = [self.quantity(found, name, node) for name in ("mean", "deviation")]
        if None in both:
            return
        (mean, unit), (deviation, unit_of_deviation) = both
        if unit != unit_of_deviation or deviation <= 0:
            self.findings.at(node.start_mark, "deviation: positive, in the unit of mean")
            return

        def draw(u):
            from scipy.special import ndtri
            number = mean + deviation * float(ndtri(min(max(u, 1e-9), 1 - 1e-9)))
            return self.dressed(values.number_text(number) + unit, template)
        parameter.drawn = draw

    def seeds(self, node, confidence, files):
        first = files.seed if files else 1
        if node is None:
            return Seeds(first, 1, 1, confidence=confidence)
        if yaml_tree.is_scalar(node):
            count = self.whole(node, "seeds") or 1
            return Seeds(first, count, count, confidence=confidence)
        if not yaml_tree.is_mapping(node):
            self.findings.at(node.start_mark, "seeds: expected a number, or { until, least, most }")
            return None
        found = self.mapping(node, ("count", "until", "least", "most", "step", "first", "paired"))
        first = self.whole(found.get("first"), "first", 0, 2**62)
        first = (files.seed if files else 1) if first is None else first
        paired = self.yes_or_no(found.get("paired"), "paired", True)
        if "until" not in found:
            count = self.whole(found.get("count"), "count")
            if "count" not in found:
                self.findings.at(node.start_mark, "seeds: expected count or until")
            self.alone(found, ("count", "first", "paired"), "is for until")
            count = count or 1
            return Seeds(first, count, count, paired=paired, confidence=confidence)
        if "count" in found:
            self.findings.at(found["count"].start_mark, "count or until, not both")
        least = self.whole(found.get("least"), "least", 2)
        most = self.whole(found.get("most"), "most", 2)
        least = least or min(5, most or 5)
        most = most or max(100, least)
        step = self.whole(found.get("step"), "step") or 1
        if least > most and "least" in found and "most" in found:
            self.findings.at(found["least"].start_mark,
                             f"least ({least}) is more than most ({most})")
        until = found["until"]
        nodes = until.value if yaml_tree.is_list(until) else [until]
        targets = tuple(t for t in (self.target(n, files) for n in nodes) if t)
        return Seeds(first, least, most, step, targets, paired, confidence)

    def yes_or_no(self, node, what, default):
        if node is None:
            return default
        if yaml_tree.is_scalar(node) and node.value in ("yes", "no", "true", "false"):
            return node.value in ("yes", "true")
        self.findings.at(node.start_mark, f"{what}: yes or no")
        return default

    def target(self, node, files):
        match = _UNTIL.match(node.value) if yaml_tree.is_scalar(node) else None
        limit = values.split_quantity(match.group(2)) if match else None
        factors = {"%": 0.01, "": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "B": 1}
        if limit is None or limit[1] not in factors or limit[0] <= 0:
            self.findings.at(node.start_mark, "until: expected QUANTITY half-width <= LIMIT, as in "
                                              "p95 half-width <= 2% (or 5ms, or a number)")
            return None
        self.known_quantity(match.group(1), node.start_mark, files)
        return Target(match.group(1), limit[0] * factors[limit[1]], limit[1] == "%")

    def known_quantity(self, name, mark, files):
        complaint = quantities.complaint(name, files.names if files else {})
        if complaint:
            self.findings.at(mark, complaint)

    def measures(self, node, files):
        if node is None:
            return list(DEFAULT_MEASURES)
        nodes = node.value if yaml_tree.is_list(node) else [node]
        names = []
        for item in nodes:
            if not yaml_tree.is_scalar(item):
                self.findings.at(item.start_mark, "measure: expected names of quantities")
            elif item.value in names:
                self.findings.at(item.start_mark, f"{item.value} is there twice")
            else:
                self.known_quantity(item.value, item.start_mark, files)
                names.append(item.value)
        if not nodes:
            self.findings.at(node.start_mark, "measure: nothing is measured")
        return names

    def points(self, top, parameters, method, count, sample_seed):
        if method is not None:
            if not parameters:
                self.findings.at(top["sample"].start_mark, "there are no parameters to sample")
                return []
            return values.sample(parameters, method, count, sample_seed)
        size = 1
        for parameter in parameters:
            size *= len(parameter.values)
        if size > MOST_POINTS:
            self.findings.at(top["parameters"].start_mark,
                             f"{size} points; a sweep has at most {MOST_POINTS}")
            return []
        return values.grid(parameters)

    @staticmethod
    def paths(node):
        return list(yaml_tree.children(node)) if node and yaml_tree.is_mapping(node) else []

    def has_place(self, files, parameter):
        text = parameter.values[0] if parameter.values else parameter.drawn(0.5)
        try:
            cluster_files.with_values(files, [(parameter.path, text)])
            return True
        except (scenario_text.NoSuchPlace, config_text.NoSuchDirective) as error:
            self.findings.at(parameter.mark, str(error))
            return False

    def baseline(self, node, paths, points):
        """The number of the point that others are compared with. points: None if not known."""
        if node is None:
            return 0
        if not yaml_tree.is_mapping(node):
            self.findings.at(node.start_mark, "baseline: expected { PARAMETER: VALUE }")
            return 0
        wanted = {}
        for path, value in self.mapping(node, paths).items():
            wanted[paths.index(path)] = scenario_text.yaml_value(value)
        for index, point in enumerate(points or ()):
            if all(point[i] == text for i, text in wanted.items()):
                return index
        if points is None:
            return 0
        self.findings.at(node.start_mark, "baseline: no point has these values")
        return 0
