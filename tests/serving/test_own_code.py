"""Each bundle's modules, whatever others are called."""

import sys
import threading
from types import ModuleType

import pytest

from loopwright.serving.own_code import OwnCode

MAIN = """
from helpers import WORD

def early():
    return WORD

def late():
    from helpers import WORD
    import inner.deep
    return WORD, inner.deep.word()

def later():
    import only_late
    return only_late.WORD

class Kept:
    pass

def same():
    import main
    return main.Kept is Kept
"""
DEEP = """
def word():
    from . import near
    return near.WORD
"""


def folder(tmp_path, word):
    made = tmp_path / word
    (made / "inner").mkdir(parents=True)
    (made / "main.py").write_text(MAIN)
    (made / "helpers.py").write_text(f"WORD = {word!r}")
    (made / "only_late.py").write_text("import helpers\nWORD = helpers.WORD + '!'")
    (made / "inner" / "__init__.py").write_text("")
    (made / "inner" / "near.py").write_text(f"WORD = {word!r} * 2")
    (made / "inner" / "deep.py").write_text(DEEP)
    return OwnCode(made)


@pytest.fixture
def both(tmp_path):
    return folder(tmp_path, "one"), folder(tmp_path, "two")


def test_what_is_imported_later_comes_from_the_same_bundle_whichever_was_loaded_last(both):
    functions = [{name: own.imported(f"main:{name}") for name in ("early", "late", "later", "same")} for own in both]
    for _ in range(2):
        for found, word in zip(functions, ("one", "two"), strict=True):
            assert found["early"]() == word
            assert found["late"]() == (word, word * 2)
            assert found["later"]() == word + "!"
            assert found["same"]()


def test_the_process_s_own_modules_of_the_same_names_stay_and_nothing_of_a_bundle_does(both, monkeypatch):
    stranger = ModuleType("helpers")
    monkeypatch.setitem(sys.modules, "helpers", stranger)
    before, path = dict(sys.modules), list(sys.path)
    assert both[0].imported("main:late")()[0] == "one"
    assert sys.modules["helpers"] is stranger
    assert {name for name in sys.modules if name.partition(".")[0] in ("main", "inner", "only_late")} <= set(before)
    assert sys.path == path
    assert not [finder for finder in sys.meta_path if type(finder).__module__ == "loopwright.serving.own_code"]


def test_a_module_that_cannot_be_imported_leaves_everything_as_it_was(tmp_path, both):
    (tmp_path / "one" / "broken.py").write_text("import helpers\nraise RuntimeError('not today')")
    own = OwnCode(tmp_path / "one")
    with pytest.raises(RuntimeError, match="not today"):
        own.imported("broken:f")
    assert "helpers" not in sys.modules
    assert own.imported("main:early")() == "one"


def test_a_function_that_imports_what_is_loaded_already_waits_for_no_other_bundle(both):
    late = both[0].imported("main:late")
    late()
    found = []
    with both[1].held():
        thread = threading.Thread(target=lambda: found.append(late()))
        thread.start()
        thread.join(timeout=10)
    assert found == [("one", "oneone")]
