import pytest

from loopwright.errors import GraphError
from loopwright.pipelines.pipeline import pipeline
from loopwright.pipelines.step import TrainingSetHandle, source, step


@step
def make() -> int:
    return 1


@step(outputs=2)
def pair(x):
    return x, x


def traced(function):
    return pipeline(function).trace()


USES = {
    "if": lambda h: 1 if h else 2,
    "len": len,
    "attribute": lambda h: h.shape,
    "method": lambda h: h.mean(),
    "index": lambda h: h[0],
    "call": lambda h: h(1),
    "compare": lambda h: h < 3,
    "add": lambda h: h + 3,
    "multiply": lambda h: h * 3,
    "loop": list,
    "unpack": lambda h: dict(*h),
}


@pytest.mark.parametrize("use", USES)
def test_a_result_cannot_be_used_while_the_pipeline_is_traced(use):
    with pytest.raises(GraphError) as caught:
        traced(lambda: USES[use](make()))
    assert caught.value.fix


def test_several_results_can_be_unpacked_indexed_and_counted():
    def fit():
        both = pair(make())
        a, b = both
        assert len(both) == 2
        return [a, b, both[1], *list(both)]

    assert [wire.output for wire in traced(fit).results.values()] == [0, 1, 1, 0, 1]


def test_all_of_several_results_as_one_value_is_refused():
    with pytest.raises(GraphError, match="all 2 results"):
        traced(lambda: pair(pair(make())))


def test_a_result_of_another_pipeline_is_refused():
    kept = []
    traced(lambda: kept.append(make()) or kept[0])
    with pytest.raises(GraphError, match="is used in the pipeline"):
        traced(lambda: pair(kept[0])[0])


def test_outside_of_a_pipeline_a_result_is_refused():
    kept = []
    traced(lambda: kept.append(make()) or kept[0])
    with pytest.raises(GraphError, match="outside of that pipeline"):
        pair([kept])


def test_a_source_has_its_kind_name_and_spec():
    (node,) = traced(lambda: source("table", {"n": 1}, name="flights")).nodes
    assert (node.name, node.source.kind, node.source.spec) == ("table:flights", "table", {"n": 1})


def test_a_source_outside_of_a_pipeline_or_without_json_is_refused():
    with pytest.raises(GraphError):
        source("table", {})
    with pytest.raises(GraphError, match="not JSON"):
        traced(lambda: source("table", object()))


def test_a_training_set_splits_into_two_results_of_the_function_in_formats():
    def fit():
        rows = source("training_set", {}, handle=TrainingSetHandle)
        recent, holdout = rows.split(last="30d")
        return recent.split(fraction=0.1)[1], holdout

    graph = traced(fit)
    assert [node.name for node in graph.nodes] == ["training_set", "split_training_set", "split_training_set-2"]
    assert graph.nodes[1].entry == "loopwright.formats.training_set:split_training_set"
    assert graph.nodes[1].outputs == 2
    assert set(graph.nodes[1].arguments) == {"0", "last", "seed"}
