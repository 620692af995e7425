"""What a person does to a release: each act is one move, with a name and a reason, and none past what must hold."""

from typing import Any

import msgspec
import pytest

from loopwright.app.arms import current_arms
from loopwright.app.releases.control import ReleaseController
from loopwright.app.releases.operations import Word, abort, pause, promote_now, resume
from loopwright.app.releases.request import Asked, start_asked
from loopwright.app.releases.running import running_release, turn_ref
from loopwright.app.releases.view import find_release
from loopwright.app.run import run_loop
from loopwright.app.trace import journal
from loopwright.core.events import EventDraft
from loopwright.errors import ApprovalMissingError, ConflictError, ReleaseError
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US
from loopwright.store.ledger import Record

Project = Any
WORD = Word(actor="user:me", reason="because")
CHAMPION = "default/model/small@champion"


class Desk:
    """A canary under way, somebody who may move it, and a controller that looks."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.workspace = project.workspace()
        judged = run_loop(self.workspace, project.loaded(), parameters={"depth": 3}).judged
        assert judged is not None
        self.candidate, self.release = judged.version, str(judged.release)
        self.champion = str(self.workspace.stores.ledger.ref(CHAMPION))
        self.controller = ReleaseController(self.workspace)

    def look(self) -> str | None:
        judged = self.controller.step("small")
        return judged.decision if judged else None

    def traffic(self, requests: int = 20, *, failed: int = 0) -> None:
        buckets = [0] * (len(BUCKET_BOUNDS_US) + 1)
        buckets[10] = requests - failed
        row = {
            "worker": "w", "endpoint": "small", "release": self.release, "requests": requests, "timeouts": 0,
            "at": self.workspace.clock.now() // 1_000_000 * 1_000_000, "crashes": 0, "latency_us_buckets": buckets,
        }  # fmt: skip
        rows = [row | {"arm": "champion", "errors": 0}, row | {"arm": "candidate", "errors": failed}]
        self.workspace.stores.tables.append("arm_stats", rows)

    def shares(self) -> dict[str, float]:
        arms = current_arms(self.workspace, "small")
        assert arms is not None
        return {arm.version: arm.share for arm in arms.arms}

    def last(self, kind: str) -> Any:
        return [event for event in journal(self.workspace.stores.ledger) if event.kind == kind][-1]


@pytest.fixture
def desk(project: Project) -> Desk:
    return Desk(project)


def test_a_paused_release_keeps_its_shares_and_goes_on_when_it_is_resumed(desk: Desk) -> None:
    pause(desk.workspace, "small", WORD)
    desk.traffic()
    assert desk.look() == "paused"
    assert desk.shares() == {desk.champion: 0.5, desk.candidate: 0.5}
    resume(desk.workspace, "small", WORD)
    assert desk.look() == "advance"
    assert desk.shares() == {desk.champion: 0.0, desk.candidate: 1.0}


def test_harm_rolls_a_paused_release_back(desk: Desk) -> None:
    pause(desk.workspace, "small", WORD)
    desk.traffic(400, failed=300)
    assert desk.look() == "rollback"
    assert desk.shares() == {desk.champion: 1.0}


def test_pausing_twice_and_resuming_what_is_not_paused_are_refused(desk: Desk) -> None:
    with pytest.raises(ReleaseError, match="resumed"):
        resume(desk.workspace, "small", WORD)
    pause(desk.workspace, "small", WORD)
    with pytest.raises(ReleaseError, match="paused"):
        pause(desk.workspace, "small", WORD)


def test_an_aborted_release_gives_everything_back_to_the_champion(desk: Desk) -> None:
    done = abort(desk.workspace, "small", WORD)
    assert (done.action, done.champion, done.release) == ("aborted", desk.champion, desk.release)
    assert desk.shares() == {desk.champion: 1.0}
    assert find_release(desk.workspace, desk.release).state.status == "aborted"
    with pytest.raises(ReleaseError, match="no release"):
        abort(desk.workspace, "small", WORD)


def test_every_act_is_in_the_record_and_in_the_journal_with_actor_and_reason(desk: Desk) -> None:
    for act in (pause, resume, abort):
        act(desk.workspace, "small", WORD)
    entries = find_release(desk.workspace, desk.release).steps
    assert [entry.decision for entry in entries] == ["start", "pause", "resume", "abort"]
    assert {(entry.actor, entry.reasons) for entry in entries[1:]} == {("user:me", ("because",))}
    for kind in ("release_paused", "release_resumed", "release_finished"):
        event = desk.last(kind)
        assert (event.actor, event.data["reason"], event.subject) == ("user:me", "because", f"release:{desk.release}")
        assert event.caused_by
    assert desk.last("release_finished").data["outcome"] == "aborted"


def test_a_promotion_by_hand_needs_no_word_where_nothing_is_required(desk: Desk) -> None:
    done = promote_now(desk.workspace, "small", WORD)
    assert (done.action, done.champion) == ("promoted", desk.candidate)
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.candidate
    arms = current_arms(desk.workspace, "small")
    assert arms is not None
    assert arms.previous == desk.champion
    assert find_release(desk.workspace, desk.release).state.winner == "candidate"


def test_what_is_not_proven_is_promoted_only_by_somebody_s_word_which_is_recorded(project: Project) -> None:
    project.change('ErrorGuard(required="never")', "ErrorGuard()")
    desk = Desk(project)
    with pytest.raises(ApprovalMissingError, match="not proven") as caught:
        promote_now(desk.workspace, "small", WORD)
    assert "errors" in caught.value.why
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.champion
    promote_now(desk.workspace, "small", WORD, override=True)
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.candidate
    assert find_release(desk.workspace, desk.release).steps[-1].override == "because"
    (missing,) = desk.last("release_finished").data["unproven"]
    assert missing.startswith("errors")


def test_no_word_promotes_what_a_breaker_has_stopped(desk: Desk) -> None:
    data = {"endpoint": "small", "release": desk.release, "version": desk.candidate, "cause": "crash"}
    draft = EventDraft(kind="arm_tripped", subject=f"release:{desk.release}", data=data)
    record = Record(kind="arm_trip", id=f"small/{desk.release}/{desk.candidate}", data=data)
    desk.workspace.stores.ledger.commit(events=[draft], records=[record])
    with pytest.raises(ReleaseError, match="breaker"):
        promote_now(desk.workspace, "small", WORD, override=True)
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.champion


def test_of_several_candidates_one_must_be_named(desk: Desk) -> None:
    abort(desk.workspace, "small", WORD)
    third = run_loop(desk.workspace, desk.project.loaded(), parameters={"depth": 1}).judged
    assert third is not None
    abort(desk.workspace, "small", WORD)
    asked = Asked(versions=("2", "3"), strategy="ab_test", fields={"metric": "sale", "guards": []}, reason="which?")
    start_asked(desk.workspace, desk.project.loaded().loop, asked)
    assert desk.shares() == pytest.approx({desk.champion: 1 / 3, desk.candidate: 1 / 3, third.version: 1 / 3})
    with pytest.raises(ReleaseError, match="say which"):
        promote_now(desk.workspace, "small", WORD)
    with pytest.raises(ApprovalMissingError) as caught:
        promote_now(desk.workspace, "small", WORD, version=third.version)
    assert caught.value.why == "sale: no version has won"
    promote_now(desk.workspace, "small", WORD, version=third.version, override=True)
    assert desk.shares() == {third.version: 1.0}


def test_an_act_between_a_controller_s_look_and_its_move_wins(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.traffic()
    gather = desk.controller._gatherers
    desk.look()
    pause_at = find_release(desk.workspace, desk.release)
    assert pause_at.state.step == 1
    desk.traffic()
    gatherer = gather["small"]
    usual = gatherer.gather

    def slow(release: Any) -> Any:
        found = usual(release)
        abort(desk.workspace, "small", WORD)
        return found

    monkeypatch.setattr(gatherer, "gather", slow)
    assert desk.look() is None
    assert desk.shares() == {desk.champion: 1.0}
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.champion
    assert find_release(desk.workspace, desk.release).state.status == "aborted"


def test_a_look_that_only_counts_does_not_undo_a_pause(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.look()
    desk.traffic(5)
    gatherer = desk.controller._gatherers["small"]
    usual = gatherer.gather

    def slow(release: Any) -> Any:
        found = usual(release)
        pause(desk.workspace, "small", WORD)
        return found

    monkeypatch.setattr(gatherer, "gather", slow)
    assert desk.look() is None
    release = running_release(desk.workspace, "small")
    assert release is not None
    assert release.state.paused_at is not None
    monkeypatch.undo()
    assert desk.look() == "paused"
    counted = running_release(desk.workspace, "small")
    assert counted is not None
    assert counted.state.requests == 5


def test_a_move_from_an_old_turn_is_refused(desk: Desk) -> None:
    ref = turn_ref(desk.workspace, "small")
    before = desk.workspace.stores.ledger.ref(ref)
    pause(desk.workspace, "small", WORD)
    with pytest.raises(ConflictError):
        desk.workspace.stores.ledger.commit(expect={ref: before}, moves={ref: "rel_x#9"})
    assert msgspec.json.encode(find_release(desk.workspace, desk.release))
