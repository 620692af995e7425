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
    assert len(_names()) <= 64


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


def test_rules_to_be_watched_have_a_list_of_their_own_and_load_nothing_heavy() -> None:
    code = (
        "import sys, loopwright as lw; lw.watch.latency(at_most='50ms'); "
        "print([m for m in ('numpy', 'polars', 'scipy') if m in sys.modules], *lw.watch.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, _, names = done.stdout.strip().partition("] ")
    assert heavy == "["
    assert names.split() == sorted(names.split())
    assert not set(names.split()) & set(_names())
    assert all(getattr(loopwright.watch, name).__doc__ for name in names.split())
