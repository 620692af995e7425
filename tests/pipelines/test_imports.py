import importlib
import json
import sys
from types import ModuleType

import pytest

from loopwright.pipelines.imports import absolute_name, find_module, is_installed
from loopwright.pipelines.names import Imported


@pytest.fixture
def package(monkeypatch):
    module = ModuleType("outer.inner.leaf")
    module.__package__ = "outer.inner"
    monkeypatch.setitem(sys.modules, "outer.inner.leaf", module)
    return "outer.inner.leaf"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (Imported(module="a.b", name="c"), "a.b"), (Imported(module="x", name="c", level=1), "outer.inner.x"),
        (Imported(module="", name="c", level=1), "outer.inner"), (Imported(module="x", level=2), "outer.x"),
    ],
)  # fmt: skip
def test_relative_names_are_made_absolute(package, said, name):
    assert absolute_name(said, package) == name


def test_where_a_module_is_found(project):
    assert find_module("json") is json
    assert find_module("no_such_package.part") == "no_such_package.part"
    assert find_module("this") is None, "of the standard library, not loaded"
    project.write("loop", "A = 1", head=False)
    importlib.invalidate_caches()
    found = find_module(project.name("loop"))
    assert isinstance(found, ModuleType)
    assert found.A == 1


def test_what_is_installed():
    assert is_installed("numpy.linalg")
    assert not is_installed("no_such_package.part")
