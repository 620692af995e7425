"""What is written of a retrain: progress where it moved, its end once, and how its release ended."""

from typing import Any

import pytest
from tests.app.retraining.here import here, once
from tests.app.retraining.test_retrainer import events, land, more

from loopwright.app.releases.operations import Word, abort, promote_now
from loopwright.app.retraining.cause import Cause
from loopwright.app.retraining.flight_log import conclude, decide, note_progress, suppress
from loopwright.app.retraining.past import past_of
from loopwright.app.retraining.retrain import Retrain, StepProgress, find_retrain, flight_ref, in_flight, read_retrain
from loopwright.app.retraining.said import Said
from loopwright.errors import ConflictError

Project = Any
GOLDEN_1 = {
    "id": "ret_1", "loop": "small", "cause": "rows:table:abc:1", "reason": "100 new rows", "format_version": 1,
    "trigger": "on_new_data(table)", "actor": "controller", "started_at": 5, "decided": 7, "state": "ended",
    "outcome": "released", "run": "run_1", "verdict": "pass", "candidate": "abc", "release": "rel_1", "seconds": 1.5,
    "ended_at": 9, "cost": {"amount": 0.5, "currency": "USD"}, "window": {"policy": "sliding", "width": 5},
}  # fmt: skip


def a_retrain(workspace: Any, id_: str = "ret_1") -> Retrain:
    return Retrain(id=id_, loop="small", cause="c", reason="r", trigger="manual", actor="user:a",
                   started_at=workspace.clock.now())  # fmt: skip


def begun(workspace: Any, id_: str = "ret_1") -> Retrain:
    return decide(workspace, a_retrain(workspace, id_), Cause(name="c", reason="r"), request=None, change=None)


def test_a_stored_retrain_stays_readable() -> None:
    found = read_retrain(GOLDEN_1)
    assert str(found.cost) == "0.50 USD"
    assert found.window is not None
    assert found.record(5).data["candidate"] == "abc"


def test_of_two_that_begin_at_once_one_is_refused_and_leaves_nothing(project: Project) -> None:
    workspace = project.workspace()
    begun(workspace)
    with pytest.raises(ConflictError):
        begun(workspace, "ret_2")
    assert find_retrain(workspace, "ret_2") is None
    assert len(past_of(workspace, "small").started) == 1
    assert len(events(workspace, "retrain_decided")) == 1


def test_progress_is_written_where_it_moved(project: Project) -> None:
    workspace = project.workspace()
    first = begun(workspace)
    assert note_progress(workspace, first, None) is first
    at = StepProgress(kind="started", step="train", index=2, total=3)
    moved = note_progress(workspace, first, at)
    assert in_flight(workspace, "small") == moved
    assert note_progress(workspace, moved, at) is moved


def test_an_end_is_written_once(project: Project) -> None:
    workspace = project.workspace()
    retrain = begun(workspace)
    assert conclude(workspace, retrain, Said(why="no"), price=None, seconds=2.0) is not None
    assert conclude(workspace, retrain, Said(why="no"), price=None, seconds=2.0) is None
    assert len(events(workspace, "retrain_finished")) == 1
    assert workspace.stores.ledger.ref(flight_ref(workspace, "small")) is None
    assert len(past_of(workspace, "small").ended) == 1


def test_the_same_reason_is_said_once(project: Project) -> None:
    workspace = project.workspace()
    for reason in ("a", "a", "b", "a"):
        suppress(workspace, "small", Cause(name="c", reason="r"), reason=reason, trigger="t")
    assert [event.data["reason"] for event in events(workspace, "retrain_decided")] == ["a", "b", "a"]


@pytest.mark.parametrize(("act", "settled", "better"), [(abort, "aborted", False), (promote_now, "promoted", True)])
def test_the_end_of_its_release_is_linked_once(project: Project, act: Any, settled: str, better: bool) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace)
    assert once(retrainer) == "released"
    retrainer.step(None)
    assert events(workspace, "retrain_settled") == []
    word = Word(actor="user:a", reason="a test")
    act(workspace, "small", word, **({"override": True} if act is promote_now else {}))
    retrainer.step(None)
    retrainer.step(None)
    (event,) = events(workspace, "retrain_settled")
    assert event.data["outcome"] == settled
    kinds = {one.seq: one.kind for kind in ("retrain_finished", "release_finished", "ref_moved") for one in
             events(workspace, kind)}  # fmt: skip
    assert kinds[event.caused_by[0]] == "retrain_finished"
    assert kinds[event.caused_by[1]] in ("release_finished", "ref_moved")
    (ended,) = past_of(workspace, "small").ended
    assert (ended.settled, ended.not_better) == (settled, not better)
    found = find_retrain(workspace, ended.id)
    assert found is not None
    assert found.settled == settled
