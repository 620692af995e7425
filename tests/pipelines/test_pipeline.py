import pytest

from loopwright.errors import GraphError, UsageError
from loopwright.pipelines.arguments import Wire
from loopwright.pipelines.pipeline import Candidate, pipeline
from loopwright.pipelines.step import step


@step
def make(n=1):
    return n


@step
def use(x):
    return x


def test_parameters_have_defaults_that_can_be_replaced():
    @pipeline
    def fit(n: int = 3, m: str = "a"):
        return make(n)

    assert fit.defaults == {"n": 3, "m": "a"}
    assert fit.trace().parameters == {"n": 3, "m": "a"}
    assert fit.trace({"n": 5}).parameters == {"n": 5, "m": "a"}


def test_unknown_missing_and_unsayable_parameters_are_refused():
    @pipeline
    def fit(n):
        return make(n)

    for given in ({}, {"n": 1, "m": 2}, {"n": object()}):
        with pytest.raises(UsageError):
            fit.trace(given)


RETURNS = {
    "candidate": (Candidate, {"model": "make", "holdout": "use"}),
    "one": (lambda a, b: b, {"result": "use"}),
    "tuple": (lambda a, b: (a, b), {"result_0": "make", "result_1": "use"}),
    "dict": (lambda a, b: {"x": a, "y": b}, {"x": "make", "y": "use"}),
}


@pytest.mark.parametrize("how", RETURNS)
def test_what_it_returns_names_the_results(how):
    returned, expected = RETURNS[how]

    @pipeline
    def fit():
        a = make()
        return returned(a, use(a))

    graph = fit.trace()
    assert graph.results == {name: Wire(node=node) for name, node in expected.items()}
    assert graph.candidate == (how == "candidate")


@pytest.mark.parametrize("value", [None, 3, {"a": 1}, Candidate(1, 2), []])
def test_returning_what_no_step_made_is_refused(value):
    if value == []:
        assert pipeline(lambda: value).trace().results == {}
        return
    with pytest.raises(GraphError):
        pipeline(lambda: value).trace()


def test_called_directly_it_is_its_function():
    assert pipeline(lambda: use(make(7)))() == 7


def test_a_pipeline_in_a_pipeline_is_part_of_it():
    @pipeline
    def inner():
        return make()

    assert [n.name for n in pipeline(lambda: use(inner())).trace().nodes] == ["make", "use"]


def test_the_graph_s_digest_names_its_content():
    fit = pipeline(lambda n=1: make(n))
    assert fit.trace().digest == fit.trace().digest
    assert fit.trace().digest != fit.trace({"n": 2}).digest
