# SPDX-License-Identifier: GPL-2.0-only
"""The type stubs name what there is, and nothing else."""
import ast
import inspect
from pathlib import Path

import lvslab
import pytest

STUB = ast.parse(Path(lvslab.__file__).with_name("__init__.pyi").read_text())
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}
INSTANCE_ATTRIBUTES = (lvslab.Result, lvslab.InputError, lvslab.IpvsError)


def stubbed(node):
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            yield item.name
        elif isinstance(item, ast.AnnAssign):
            yield item.target.id


def test_every_public_name_has_a_stub():
    constants = {n.target.id for n in STUB.body if isinstance(n, ast.AnnAssign)}
    assert set(lvslab.__all__) == set(CLASSES) | set(FUNCTIONS) | constants


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_members(name):
    cls = getattr(lvslab, name)
    stub = {member for member in stubbed(CLASSES[name]) if not member.startswith("__")}
    public = {member for member in vars(cls) if not member.startswith("_")}
    if not issubclass(cls, INSTANCE_ATTRIBUTES) and name != "Expectation":
        assert stub == public
    else:
        assert public <= stub


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_arguments(name):
    arguments = FUNCTIONS[name].args
    stub = [a.arg for a in (*arguments.args, *arguments.kwonlyargs)]
    stub += [arguments.kwarg.arg] if arguments.kwarg else []
    assert stub == list(inspect.signature(getattr(lvslab, name)).parameters)
