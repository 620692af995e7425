from __future__ import annotations

import pytest

from loopwright.errors import GraphError, UsageError
from loopwright.pipelines.pipeline import pipeline
from loopwright.pipelines.step import Step, step


@step
def double(x: int) -> int:
    """Twice."""
    return x * 2


@step
def pair(x: int) -> tuple[int, str]:
    return x, "a"


def test_outside_a_pipeline_a_step_is_its_function():
    assert double(4) == 8
    assert double.__doc__ == "Twice."
    assert double.__name__ == "double"


def test_inside_a_pipeline_it_adds_a_node():
    @pipeline
    def fit():
        return double(double(x=3))

    graph = fit.trace()
    assert [node.name for node in graph.nodes] == ["double", "double-2"]
    assert graph.nodes[0].entry == f"{__name__}:double"


def annotated(annotation):
    def function(x): ...

    function.__annotations__["return"] = annotation
    return step(function).outputs


@pytest.mark.parametrize(
    ("annotation", "outputs"),
    [
        (tuple[int, str], 2), ("tuple[int, str]", 2), ("typing.Tuple[int, str, float]", 3), ("tuple[int, ...]", 1),
        (tuple[int, ...], 1), (tuple, 1), ("list[int]", 1), ("tuple[int]", 1), ("not a type ]", 1), (None, 1),
        ("tuple['A', tuple[int, int]]", 2),
    ],
)  # fmt: skip
def test_the_number_of_results_is_read_from_the_annotation(annotation, outputs):
    assert annotated(annotation) == outputs


def test_outputs_can_be_said():
    assert step(outputs=3)(lambda: 1).outputs == 3


def test_options_are_kept():
    made = step(isolated=True, seed=3, retries=2, trust_pickle=True, threads=4)(lambda: 1)
    assert isinstance(made, Step)
    options = made.options
    assert (options.isolated, options.seed, options.retries, options.trust_pickle, options.threads) == (
        True,
        3,
        2,
        True,
        4,
    )


@pytest.mark.parametrize("options", [{"retries": -1}, {"seed": -1}, {"seed": 2**32}, {"outputs": 0}])
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(UsageError):
        step(**options)(lambda: 1)


def test_what_is_not_a_plain_function_is_refused():
    async def later(): ...

    def many():
        yield 1

    for wrong in (later, many, 3, int):
        with pytest.raises(GraphError):
            step(wrong)


def test_wrong_arguments_are_told_when_the_pipeline_is_traced():
    @pipeline
    def fit():
        return double()

    with pytest.raises(GraphError, match="'double' was called with wrong arguments"):
        fit.trace()
