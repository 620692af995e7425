import sys
from types import ModuleType

import pytest

from loopwright.errors import GraphError
from loopwright.pipelines.lint import lint, require_sound
from loopwright.pipelines.pipeline import pipeline
from loopwright.pipelines.step import step


@step
def make(x=1):
    return x


def nested():
    @step
    def inside():
        return 1

    return inside


nameless = step(lambda: 1)


def program():
    module = ModuleType("__main__")
    exec("def main_step(): return 1", vars(module))
    return step(vars(module)["main_step"])


CASES = {
    "nested": (nested(), "is defined inside nested", "error"),
    "lambda": (nameless, "is a lambda", "error"),
    "main": (program(), "__main__", "error"),
    "object": (lambda: make(object()), "the argument x of make is a builtins.object", "error"),
    "nan": (lambda: make([1, float("nan")]), "nan is not JSON", "error"),
    "unused": (lambda: (make(), make())[1], "nothing uses the result of make", "warning"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_problem_is_found_and_told_with_its_fix(case):
    function, text, severity = CASES[case]
    (problem,) = lint(pipeline(function).trace())
    assert text in problem.text
    assert problem.severity == severity
    assert problem.fix


def test_errors_stop_the_pipeline_all_at_once_and_warnings_do_not():
    graph = pipeline(lambda: (make(object()), nested()())).trace()
    with pytest.raises(GraphError) as caught:
        require_sound(graph)
    assert len(caught.value.context["problems"]) == 2
    assert [p.severity for p in require_sound(pipeline(CASES["unused"][0]).trace())] == ["warning"]
    assert require_sound(pipeline(make).trace()) == ()
    assert sys.modules["__main__"] is not None
