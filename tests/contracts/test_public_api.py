"""The public API is named once, sorted, and is exactly what the package exposes."""

import subprocess
import sys

from tests.contracts.sources import ROOT

import loopwright
from loopwright.version import VERSION


def _names() -> list[str]:
    names = getattr(loopwright, "__all__", None)
    assert names, "loopwright/__init__.py lists the public API in __all__"
    return list(names)


def test_the_list_is_sorted_and_says_nothing_twice() -> None:
    names = _names()
    assert names == sorted(set(names))


def test_the_list_stays_one_that_a_person_can_learn() -> None:
    assert len(_names()) <= 60


def test_everything_listed_is_there_and_documented() -> None:
    bare = [name for name in _names() if not getattr(getattr(loopwright, name), "__doc__", None)]
    assert not bare, f"write docstrings for {bare}"


def test_everything_exposed_is_listed() -> None:
    code = (
        "import loopwright as lw, types; "
        "print(*[n for n in dir(lw) if n[0] != '_' and not isinstance(getattr(lw, n), types.ModuleType)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {name for name in _names() if not name.startswith("_")}


def test_what_is_not_listed_is_an_attribute_error() -> None:
    assert not hasattr(loopwright, "no_such_name")


def test_the_version_is_that_of_the_distribution() -> None:
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
