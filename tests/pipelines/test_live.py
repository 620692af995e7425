"""A graph computed on live values."""

import random

import pytest
from tests.pipelines.conftest import HEAD, Project

from loopwright.errors import StepFailedError
from loopwright.pipelines.live import evaluate

TEXT = """
import random

@step
def double(x: int) -> int:
    print("working")
    return 2 * x

@step
def both(parts: list, *, add: int = 0) -> tuple[int, int]:
    return sum(parts) + add, random.randrange(10**9)

@step
def wrong(x: int) -> int:
    raise ValueError("no")

@step
def one_too_many(x: int) -> tuple[int, int]:
    return 1, 2, 3

@pipeline
def work(add: int = 1):
    start = source("number", 5, name="start")
    total, drawn = both([double(start), start], add=add)
    return {"total": total, "drawn": drawn}

@pipeline
def fails():
    return {"x": wrong(source("number", 5, name="start"))}

@pipeline
def surprises():
    first, second = one_too_many(source("number", 5, name="start"))
    return {"x": first}
"""


@pytest.fixture
def loop(project: Project):
    project.write("loop", HEAD + TEXT, head=False)
    return project.load("loop")


def test_values_flow_through_lists_and_constants_and_draws_are_fixed(loop, capsys):
    random.seed(7)
    before = random.getstate()
    first = evaluate(loop.work.trace({"add": 100}), lambda node: node.source.spec)
    assert first["total"] == 115
    assert evaluate(loop.work.trace(), lambda node: 1)["total"] == 4
    assert evaluate(loop.work.trace({"add": 100}), lambda node: 5) == first
    assert random.getstate() == before
    assert capsys.readouterr().out == ""


def test_a_step_that_raises_is_named(loop):
    with pytest.raises(StepFailedError, match="wrong"):
        evaluate(loop.fails.trace(), lambda node: 1)


def test_results_that_were_not_declared_are_refused(loop):
    with pytest.raises(StepFailedError, match="one_too_many"):
        evaluate(loop.surprises.trace(), lambda node: 1)
