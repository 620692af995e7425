"""Going back, long after a promotion too, and the switch that stops every release."""

from typing import Any

import msgspec
import pytest
from tests.app.releases.test_operations import CHAMPION, WORD, Desk

from loopwright.app.arms import current_arms
from loopwright.app.controller import Controller
from loopwright.app.loop_run import Override
from loopwright.app.releases import operations as release_operations
from loopwright.app.releases.kill_switch import kill_switch
from loopwright.app.releases.operations import abort, promote_now
from loopwright.app.releases.request import Asked, plan_asked, start_asked
from loopwright.app.releases.rollback import kill, roll_back, unkill
from loopwright.app.releases.running import running_release
from loopwright.app.releases.starting import Beginning, begin_release, plan_of
from loopwright.app.releases.view import find_release
from loopwright.app.releases.waiting import waiting
from loopwright.app.run import run_loop
from loopwright.app.status import status
from loopwright.errors import ConflictError, ReleaseError

Project = Any


@pytest.fixture
def desk(project: Project) -> Desk:
    return Desk(project)


def another(desk: Desk, depth: int) -> Any:
    judged = run_loop(desk.workspace, desk.project.loaded(), parameters={"depth": depth}).judged
    assert judged is not None
    return judged


def test_a_release_under_way_is_rolled_back_to_its_champion(desk: Desk) -> None:
    done = roll_back(desk.workspace, "small", WORD)
    assert (done.action, done.champion) == ("rolled_back", desk.champion)
    assert find_release(desk.workspace, desk.release).state.status == "rolled_back"
    assert desk.shares() == {desk.champion: 1.0}


def test_after_a_promotion_the_champion_before_is_back_in_one_commit(desk: Desk) -> None:
    promote_now(desk.workspace, "small", WORD)
    done = roll_back(desk.workspace, "small", WORD)
    assert (done.champion, done.release) == (desk.champion, None)
    assert desk.shares() == {desk.champion: 1.0}
    ledger = desk.workspace.stores.ledger
    assert ledger.ref(CHAMPION) == desk.champion
    assert ledger.history(CHAMPION)[-1].seq == ledger.history("default/endpoint/small@arms")[-1].seq
    moved = desk.last("ref_moved")
    assert (moved.actor, moved.data["reason"], moved.data["to"]) == ("user:me", "because", desk.champion)


def test_going_back_twice_does_not_come_back_to_what_was_left(desk: Desk) -> None:
    promote_now(desk.workspace, "small", WORD)
    third = another(desk, 1)
    promote_now(desk.workspace, "small", WORD)
    assert [roll_back(desk.workspace, "small", WORD).champion for _ in range(2)] == [desk.candidate, desk.champion]
    with pytest.raises(ReleaseError, match="no champion before"):
        roll_back(desk.workspace, "small", WORD)
    assert roll_back(desk.workspace, "small", WORD, to=third.version).champion == third.version


def test_only_what_has_been_champion_can_be_gone_back_to(desk: Desk) -> None:
    with pytest.raises(ReleaseError, match="never been champion"):
        roll_back(desk.workspace, "small", WORD, to=desk.candidate)
    assert desk.shares() == {desk.champion: 0.5, desk.candidate: 0.5}


def test_a_release_under_way_ends_where_an_older_champion_is_named(desk: Desk) -> None:
    promote_now(desk.workspace, "small", WORD)
    third = another(desk, 1)
    done = roll_back(desk.workspace, "small", WORD, to=desk.champion)
    assert (done.champion, done.release) == (desk.champion, third.release)
    assert desk.shares() == {desk.champion: 1.0}
    assert running_release(desk.workspace, "small") is None


def test_the_switch_ends_the_release_and_nothing_starts_until_it_is_off(desk: Desk, project: Project) -> None:
    kill(desk.workspace, "small", WORD)
    assert desk.shares() == {desk.champion: 1.0}
    assert find_release(desk.workspace, desk.release).state.status == "aborted"
    loop = project.loaded().loop
    asked = Asked(versions=("2",), reason="try")
    assert "stopped" in plan_asked(desk.workspace, loop, asked).blocked
    with pytest.raises(ReleaseError, match="no release of 'small' can start"):
        start_asked(desk.workspace, loop, asked)
    assert another(desk, 1).status == "waiting"
    Controller(desk.workspace, project.loaded()).step()
    assert running_release(desk.workspace, "small") is None


def test_the_switch_survives_a_restart_and_is_shown(desk: Desk, project: Project) -> None:
    kill(desk.workspace, "small", WORD)
    again = project.workspace()
    switch = kill_switch(again, "small")
    assert switch is not None
    assert (switch.actor, switch.reason) == ("user:me", "because")
    assert [found.endpoint for found in status(again).killed] == ["small"]
    with pytest.raises(ReleaseError, match="stopped already"):
        kill(again, "small", WORD)
    unkill(again, "small", WORD)
    assert status(again).killed == ()
    with pytest.raises(ReleaseError, match="not stopped"):
        unkill(again, "small", WORD)


def test_what_waited_is_released_when_the_switch_is_off_the_newest_alone(desk: Desk, project: Project) -> None:
    kill(desk.workspace, "small", WORD)
    older, newer = another(desk, 1), another(desk, 4)
    assert (older.status, newer.status) == ("waiting", "waiting")
    assert {one.version for one in waiting(desk.workspace, "small")} == {older.version, newer.version}
    unkill(desk.workspace, "small", WORD)
    Controller(desk.workspace, project.loaded()).step()
    release = running_release(desk.workspace, "small")
    assert release is not None
    assert release.plan.candidate == newer.version
    assert waiting(desk.workspace, "small") == ()
    started = desk.last("release_started")
    assert (started.actor, started.data["superseded"]) == ("controller", [older.version])
    assert desk.last("release_waiting").seq in started.caused_by


def test_what_waits_behind_a_release_starts_by_itself_when_that_has_ended(desk: Desk, project: Project) -> None:
    third = another(desk, 1)
    assert third.status == "waiting"
    controller = Controller(desk.workspace, project.loaded())
    controller.step()
    assert running_release(desk.workspace, "small").id == desk.release  # type: ignore[union-attr]
    roll_back(desk.workspace, "small", WORD)
    controller.step()
    release = running_release(desk.workspace, "small")
    assert release is not None
    assert (release.plan.candidate, release.plan.champion) == (third.version, desk.champion)


def test_what_waited_longer_than_its_override_lasts_is_not_released(desk: Desk, project: Project) -> None:
    kill(desk.workspace, "small", WORD)
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    word = Override(reason="a feast", actor="user:me")
    judged = run_loop(desk.workspace, project.loaded(), parameters={"depth": 1}, override=word).judged
    assert judged is not None
    assert judged.status == "waiting"
    ledger = desk.workspace.stores.ledger
    (said,) = ledger.search("override", where={"version": judged.version})
    expired = said.data | {"expires_at": desk.workspace.clock.now() - 1}
    ledger.commit(records=[msgspec.structs.replace(said, data=expired)])
    unkill(desk.workspace, "small", WORD)
    Controller(desk.workspace, project.loaded()).step()
    assert running_release(desk.workspace, "small") is None
    assert waiting(desk.workspace, "small") == ()
    assert desk.shares() == {desk.champion: 1.0}


def test_a_release_by_override_ends_when_the_override_does(desk: Desk, project: Project) -> None:
    abort(desk.workspace, "small", WORD)
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    word = Override(reason="a feast", actor="user:me")
    judged = run_loop(desk.workspace, project.loaded(), parameters={"depth": 1}, override=word).judged
    assert judged is not None
    abort(desk.workspace, "small", WORD)
    ledger = desk.workspace.stores.ledger
    (said,) = ledger.search("override", where={"version": judged.version})
    soon = desk.workspace.clock.now() + 3_600_000_000
    ledger.commit(records=[msgspec.structs.replace(said, data=said.data | {"expires_at": soon})])
    start_asked(desk.workspace, project.loaded().loop, Asked(versions=(judged.version,)))
    release = running_release(desk.workspace, "small")
    assert release is not None
    assert release.plan.limit is not None
    assert release.plan.limit <= 3_600_000_000


def test_what_stands_behind_a_champion_stays_named(desk: Desk) -> None:
    promote_now(desk.workspace, "small", WORD)
    another(desk, 1)
    arms = current_arms(desk.workspace, "small")
    assert arms is not None
    assert arms.previous == desk.champion
    roll_back(desk.workspace, "small", WORD)
    arms = current_arms(desk.workspace, "small")
    assert arms is not None
    assert arms.previous == desk.champion


def test_of_a_kill_and_a_start_at_once_the_start_is_refused(desk: Desk, project: Project) -> None:
    roll_back(desk.workspace, "small", WORD)
    strategy = project.loaded().loop.release
    plan = plan_of(desk.workspace, "small", strategy, versions=desk.candidate)
    kill(desk.workspace, "small", WORD)
    with pytest.raises(ConflictError):
        begin_release(desk.workspace, plan, Beginning(actor="user:me", reason="at the same time"))
    assert desk.shares() == {desk.champion: 1.0}


def test_a_move_of_the_arms_right_before_a_rollback_s_own_has_it_look_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def moved_meanwhile(workspace: Any, endpoint: str) -> Any:
        arms = current_arms(workspace, endpoint)
        if arms is not None and not seen:
            seen.append(arms.revision)
            abort(workspace, endpoint, WORD)
            promoted = desk.candidate
            start_asked(workspace, desk.project.loaded().loop, Asked(versions=(promoted,)))
        return arms

    monkeypatch.setattr(release_operations, "current_arms", moved_meanwhile)
    assert roll_back(desk.workspace, "small", WORD).action == "rolled_back"
    assert desk.shares() == {desk.champion: 1.0}
