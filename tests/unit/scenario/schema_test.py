#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Holds docs/scenario.schema.json to the reader: the tables of good and bad inputs, which the reader's
own test runs word for word, say what the schema must make of each."""

import json
import pathlib
import sys
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data" / "scenario"


class Yaml12Loader(yaml.SafeLoader):
    """As editors read YAML 1.2: `on`, `off`, `yes` and `no` are words."""


Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text):
    return yaml.load(text, Loader=Yaml12Loader)


def changed(case):
    text = (DATA / "base.yaml").read_text()
    if case.get("file", "base.yaml") != "base.yaml":
        return text
    for old, new in (("replace", "by"), ("also_replace", "also_by")):
        if old in case:
            assert case[old] in text, case["name"]
            text = text.replace(case[old], case[new], 1)
    return text


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads((ROOT / "docs" / "scenario.schema.json").read_text())
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def findings(self, document):
        return [f"{'/'.join(map(str, e.path))}: {e.message[:200]}"
                for e in self.validator.iter_errors(document)]

    def test_the_schema_is_one(self):
        jsonschema.Draft7Validator.check_schema(self.schema)

    def test_accepts_every_good_input(self):
        for case in load((DATA / "good_inputs.yaml").read_text()):
            if case.get("schema") == "not YAML":
                print(f"only the reader understands: {case['name']}", file=sys.stderr)
                continue
            with self.subTest(case["name"]):
                self.assertEqual(self.findings(load(changed(case))), [])

    def test_refuses_every_mistake_of_structure_and_no_other(self):
        verdicts = {"accepts": 0, "refuses": 0, "not YAML": 0}
        for case in load((DATA / "bad_inputs.yaml").read_text()):
            verdict = case["schema"]
            verdicts[verdict] += 1
            if verdict == "not YAML":
                continue
            with self.subTest(case["name"]):
                found = self.findings(load(changed(case)))
                self.assertEqual("refuses" if found else "accepts", verdict, found)
        self.assertGreater(verdicts["refuses"], 40, verdicts)

    def test_accepts_the_scenarios_that_come_with_lvslab(self):
        files = sorted(ROOT.glob("scenarios/*/*.yaml"))
        self.assertGreaterEqual(len(files), 8)
        for file in files:
            with self.subTest(file.relative_to(ROOT).as_posix()):
                self.assertEqual(self.findings(load(file.read_text())), [])


if __name__ == "__main__":
    unittest.main()
