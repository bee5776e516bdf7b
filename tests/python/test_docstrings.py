# SPDX-License-Identifier: GPL-2.0-only
"""Every example of a docstring does what it shows."""
import doctest
import importlib
import pkgutil

import lvslab
import pytest


class Finder(doctest.DocTestFinder):
    """The extension's classes and functions too, which doctest takes for somebody else's."""

    def _from_module(self, module, object):
        return getattr(object, "__module__", "lvslab").startswith("lvslab")


MODULES = sorted(m.name for m in pkgutil.iter_modules(lvslab.__path__, "lvslab."))


def examples_of(module):
    found = Finder(exclude_empty=True).find(module, module.__name__)
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__.endswith("_lvslab") and value.__doc__:
            found += doctest.DocTestFinder().find(value, name, module=False, globs={})
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", ["lvslab", *MODULES])
def test_examples(name):
    for test in examples_of(importlib.import_module(name)):
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        runner.run(test)
        assert runner.failures == 0, test.name


def test_there_are_examples():
    assert len(examples_of(importlib.import_module("lvslab._lvslab"))) >= 2
    assert len(examples_of(importlib.import_module("lvslab.files"))) >= 1
