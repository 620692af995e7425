"""Every declaration that the page on releases shows is one."""

import re
import sys
import types

import pytest
from tests.contracts.sources import ROOT

import loopwright as lw
from loopwright.release.plan import plan_release

PAGE = (ROOT / "docs/releases.md").read_text(encoding="utf-8")
SNIPPETS = [code for code in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL) if "\nrelease = " in f"\n{code}"]


@pytest.mark.parametrize("code", SNIPPETS)
def test_a_declaration_on_the_page_becomes_a_plan(code, monkeypatch):
    module = types.ModuleType("loop")
    module.lw = lw
    monkeypatch.setitem(sys.modules, "loop", module)
    exec(compile(code, "loop.py", "exec"), module.__dict__)
    assert plan_release(module.release, endpoint="e", champion="a", candidate="b", task="binary").guards is not None


def test_the_page_shows_every_strategy_and_every_guard():
    shown = set(re.findall(r"lw\.(\w+)\(", "".join(SNIPPETS)))
    assert shown >= {"Canary", "BlueGreen", "Shadow", "ABTest", "Bandit", "Cohort", "Freeze"}
    assert shown >= {name for name in lw.__all__ if name.endswith("_guard")} | {"guard"}
