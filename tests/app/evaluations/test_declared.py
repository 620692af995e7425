"""Evaluations are found in files, or made up on the spot."""

import sys

import pytest

from loopwright.app.evaluations.declared import chosen, declared, file_of_evaluations, live_in, made_up
from loopwright.errors import LoopFileError, NotFoundError, UsageError

FILE = """
import loopwright as lw
from loopwright import evals

alone = evals.evaluation("a.jsonl", evals.exact(), name="alone")
again = alone
loop = lw.Loop("bot", application=APPLICATION, gate=[evals.evaluation("b.jsonl", evals.exact(), name="gated"), alone])
watched = evals.live(evals.refusal())
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))

    def made(text, name="my_evals"):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return file_of_evaluations(path)

    return made


def test_those_of_gates_and_those_that_stand_alone_are_found_once(load):
    application = "lw.llm.Application(route=lw.llm.Route(upstreams=(lw.llm.builtin_model(),)))"
    found = declared(load(FILE.replace("APPLICATION", application)))
    assert sorted(one.name for one in found) == ["alone", "gated"]
    assert [one.name for one in chosen(found, ["gated"])] == ["gated"]
    with pytest.raises(NotFoundError, match="no evaluation 'x'"):
        chosen(found, ["x"])


def test_a_file_that_fails_is_named_with_its_line(load, tmp_path):
    with pytest.raises(LoopFileError, match="line 2: ZeroDivisionError"):
        load("x = 1\ny = x / 0\n")
    with pytest.raises(LoopFileError, match="no file"):
        file_of_evaluations(tmp_path / "none.py")


def test_a_file_without_any_is_refused(load):
    module = load("x = 1\n", "empty_evals")
    with pytest.raises(NotFoundError, match="no evaluation is declared"):
        chosen(declared(module), [])
    with pytest.raises(NotFoundError, match="0 live"):
        live_in(module)


@pytest.mark.parametrize(("cases", "scorers"), [([], ["exact"]), (["a"], []), (["a"], ["rubric"])])
def test_what_makes_no_evaluation_is_refused(cases, scorers):
    with pytest.raises(UsageError):
        made_up(cases, scorers, at_least=None)
