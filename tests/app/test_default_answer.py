"""What a loop declares as its default is an answer its model could give, and is what its endpoint says."""

import pytest

from loopwright.app.arms import current_arms
from loopwright.app.default_answer import declare_default, default_answer
from loopwright.app.run import run_loop
from loopwright.core.schema import Signature
from loopwright.errors import UsageError

CLASSES = {"binary": (False, True), "multiclass": ("a", "b", "c"), "regression": ()}


def signature(task):
    return Signature(task=task, request=(), features=(), classes=CLASSES[task])


@pytest.mark.parametrize(
    ("task", "declared", "answer"),
    [
        ("binary", {"score": 0.1}, {"prediction": False, "score": 0.1}),
        ("binary", {"score": 1}, {"prediction": True, "score": 1.0}),
        ("binary", {"prediction": True}, {"prediction": True}),
        ("binary", {"prediction": False, "score": 0.4}, {"prediction": False, "score": 0.4}),
        ("regression", {"score": 3}, {"prediction": 3.0, "score": 3.0}),
        ("regression", {"prediction": 3.5}, {"prediction": 3.5, "score": 3.5}),
        ("multiclass", {"prediction": "b"}, {"prediction": "b"}),
        ("multiclass", {"probabilities": [0.5, 0.25, 0.25]}, {"prediction": "a", "probabilities": [0.5, 0.25, 0.25]}),
        ("binary", None, None),
    ],
)
def test_an_answer_is_completed(task, declared, answer):
    assert default_answer(declared, signature(task)) == answer


@pytest.mark.parametrize(
    ("task", "declared"),
    [
        ("binary", {}),
        ("binary", {"score": 1.5}),
        ("binary", {"score": float("nan")}),
        ("binary", {"score": True}),
        ("binary", {"prediction": 1}),
        ("binary", {"prediction": True, "score": 0.1}),
        ("binary", {"probabilities": [0.5, 0.5]}),
        ("binary", {"label": True}),
        ("regression", {"prediction": "much"}),
        ("regression", {"prediction": 1, "score": 2}),
        ("multiclass", {"prediction": "d"}),
        ("multiclass", {"probabilities": [0.5, 0.5]}),
        ("multiclass", {"probabilities": [0.5, 0.5, 0.5]}),
    ],
)
def test_what_is_no_answer_is_refused_with_the_form_to_write(task, declared):
    with pytest.raises(UsageError, match="no answer") as caught:
        default_answer(declared, signature(task))
    assert "default=" in caught.value.fix


def test_the_first_champion_comes_with_the_default_and_a_changed_one_follows(bare):
    project = bare
    project.change('loop = lw.Loop(\n    "small",', 'loop = lw.Loop(\n    "small",\n    default={"score": 0.25},')
    workspace = project.workspace()
    run_loop(workspace, project.loaded())
    assert current_arms(workspace, "small").default == {"prediction": False, "score": 0.25}
    project.change('default={"score": 0.25}', 'default={"prediction": True}')
    assert run_loop(workspace, project.loaded()).judged.status == "unchanged"
    arms = current_arms(workspace, "small")
    assert arms.default == {"prediction": True}
    said = [event for event in workspace.stores.ledger.read() if event.kind == "default_declared"]
    assert [event.data for event in said] == [{"default": {"prediction": True}}]
    assert declare_default(workspace, "small", arms.default, caused_by=()) == ()
    assert current_arms(workspace, "small").revision == arms.revision


def test_a_default_that_is_none_stops_the_run_before_anything_moves(bare):
    project = bare
    project.change('loop = lw.Loop(\n    "small",', 'loop = lw.Loop(\n    "small",\n    default={"score": 7},')
    workspace = project.workspace()
    with pytest.raises(UsageError, match="no answer"):
        run_loop(workspace, project.loaded())
    assert current_arms(workspace, "small") is None
