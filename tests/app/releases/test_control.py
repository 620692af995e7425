"""Releases by a scripted stream: counts of both arms are written to the tables, and the controller looks."""

from typing import Any

import pytest

from loopwright.app.arms import current_arms
from loopwright.app.clock import set_clock
from loopwright.app.controller import Controller
from loopwright.app.intake import Feedback
from loopwright.app.releases.control import ReleaseController
from loopwright.app.run import run_loop
from loopwright.app.trace import journal
from loopwright.core.clock import SECOND
from loopwright.core.events import EventDraft
from loopwright.errors import NotFoundError, RequestRefusedError
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US
from loopwright.store.ledger import Record

Project = Any
LONG_AGO = 1_500_000_000 * SECOND
CHAMPION = "default/model/small@champion"


class Canary:
    """A candidate beside the champion, and the traffic that somebody scripts for both."""

    def __init__(self, project: Project) -> None:
        self.workspace = project.workspace()
        judged = run_loop(self.workspace, project.loaded(), parameters={"depth": 3}).judged
        assert judged is not None
        assert judged.status == "releasing"
        self.candidate, self.release = judged.version, judged.release
        self.champion = self.workspace.stores.ledger.ref(CHAMPION)
        self._controller = ReleaseController(self.workspace)

    def traffic(self, requests: int, *, errors: int = 0) -> None:
        """Both arms answer; the candidate fails some."""
        buckets = [0] * (len(BUCKET_BOUNDS_US) + 1)
        rows = []
        for arm, failed in (("champion", 0), ("candidate", errors)):
            latencies = buckets.copy()
            latencies[10] = requests - failed
            rows.append({
                "worker": "w", "endpoint": "small", "release": self.release, "arm": arm, "requests": requests,
                "at": self.workspace.clock.now() // SECOND * SECOND, "errors": failed, "timeouts": 0, "crashes": 0,
                "latency_us_buckets": latencies,
            })  # fmt: skip
        self.workspace.stores.tables.append("arm_stats", rows)

    def trip(self) -> None:
        """The breaker of a worker stops the candidate."""
        data = {"endpoint": "small", "release": self.release, "version": self.candidate, "cause": "error_rate"}
        draft = EventDraft(kind="arm_tripped", subject=f"release:{self.release}", data=data)
        record = Record(kind="arm_trip", id=f"small/{self.release}/{self.candidate}", data=data)
        self.workspace.stores.ledger.commit(events=[draft], records=[record])

    def look(self) -> str | None:
        judged = self._controller.step("small")
        return judged.decision if judged else None

    def shares(self) -> dict[str, float]:
        arms = current_arms(self.workspace, "small")
        assert arms is not None
        return {arm.version: arm.share for arm in arms.arms}

    def events(self) -> list[str]:
        kinds = ("release_started", "release_step", "release_finished", "ref_moved")
        return [event.kind for event in journal(self.workspace.stores.ledger) if event.kind in kinds][1:]


@pytest.fixture
def canary(project: Project) -> Canary:
    return Canary(project)


def test_without_traffic_the_release_holds(canary: Canary) -> None:
    assert canary.look() == "hold"
    assert canary.shares() == {canary.champion: 0.5, canary.candidate: 0.5}
    assert canary.events() == ["release_started"]


def test_enough_traffic_advances_and_then_promotes_arms_and_champion_in_one_commit(canary: Canary) -> None:
    canary.traffic(19)
    assert canary.look() == "hold"
    canary.traffic(1)
    assert canary.look() == "advance"
    assert canary.shares() == {canary.champion: 0.0, canary.candidate: 1.0}
    assert canary.look() == "hold"
    assert canary.workspace.stores.ledger.ref(CHAMPION) == canary.champion
    canary.traffic(20)
    assert canary.look() == "promote"
    assert canary.shares() == {canary.candidate: 1.0}
    ledger = canary.workspace.stores.ledger
    assert ledger.ref(CHAMPION) == canary.candidate
    moves = [ledger.history(name)[-1].seq for name in (CHAMPION, "default/endpoint/small@arms")]
    assert moves[0] == moves[1]
    assert canary.events() == ["release_started", "release_step", "release_finished", "ref_moved"]
    assert canary.look() is None


def test_the_same_traffic_is_counted_once(canary: Canary) -> None:
    canary.traffic(15)
    assert [canary.look() for _ in range(5)] == ["hold"] * 5


def test_a_trip_rolls_back_and_is_named_as_the_cause(canary: Canary) -> None:
    canary.traffic(5)
    canary.trip()
    assert canary.look() == "rollback"
    assert canary.shares() == {canary.champion: 1.0}
    assert canary.workspace.stores.ledger.ref(CHAMPION) == canary.champion
    events = {event.seq: event for event in journal(canary.workspace.stores.ledger)}
    ended = [event for event in events.values() if event.kind == "release_finished"][-1]
    assert ended.data["outcome"] == "rolled_back"
    assert "arm_tripped" in {events[cause].kind for cause in ended.caused_by}


def test_a_candidate_that_errs_is_never_promoted(canary: Canary) -> None:
    canary.traffic(200, errors=150)
    assert canary.look() == "rollback"
    assert canary.workspace.stores.ledger.ref(CHAMPION) == canary.champion


def test_a_controller_that_starts_anew_goes_on_where_the_last_one_stood(canary: Canary) -> None:
    canary.traffic(20)
    assert ReleaseController(canary.workspace).step("small").decision == "advance"  # type: ignore[union-attr]
    canary.traffic(20)
    assert ReleaseController(canary.workspace).step("small").decision == "promote"  # type: ignore[union-attr]


def test_one_controller_leads_and_the_other_waits_for_its_lease(replayed: Project) -> None:
    one, other = (Controller(replayed.workspace(), replayed.loaded()) for _ in range(2))
    assert [one.step().leading, other.step().leading, one.step().leading] == [True, False, True]


def test_when_the_leader_is_gone_its_lease_ends_by_the_clock_of_the_home(replayed: Project) -> None:
    workspace = replayed.workspace()
    set_clock(workspace.stores, LONG_AGO)
    Controller(workspace, replayed.loaded()).step()
    other = Controller(replayed.workspace(), replayed.loaded())
    assert not other.step().leading
    set_clock(workspace.stores, workspace.clock.now() + 11 * SECOND)
    assert other.step().leading


def test_a_pass_moves_the_release_and_counts_what_has_ended(canary: Canary, project: Project) -> None:
    controller = Controller(canary.workspace, project.loaded())
    assert controller.step().releasing
    for _ in range(2):
        canary.traffic(20)
        passed = controller.step()
    assert (passed.releasing, passed.promoted, passed.finished) == (False, 1, 1)


def test_labels_and_pushed_rows_are_kept_before_they_are_answered(project: Project) -> None:
    workspace = project.workspace()
    controller = Controller(workspace, project.loaded())
    assert controller.feedback("small", [Feedback(key=7, value=True)]) == 1
    with pytest.raises(RequestRefusedError, match="label 2 names neither"):
        controller.feedback("small", [Feedback(key="8", value=True), Feedback(value=True)])
    with pytest.raises(RequestRefusedError, match="not an instant"):
        controller.feedback("small", [Feedback(key="8", value=True, event_time="noon")])
    assert workspace.stores.tables.scan("labels")["key"].to_list() == ["7"]
    with pytest.raises(NotFoundError, match="no dataset 'other'"):
        controller.push("other", [{"id": 1}], "a batch")


def test_a_batch_that_is_sent_again_counts_once_also_after_a_restart(project: Project) -> None:
    workspace, rows = project.workspace(), [{"id": 9001, "x": 1.0, "n": 1, "y": True}]
    for controller in (Controller(workspace, project.loaded()) for _ in range(2)):
        assert [controller.push("table", rows, "first") for _ in range(2)] == [1, 1]
    assert workspace.stores.tables.scan("push.table").height == 1
    assert controller.push("table", rows) == 1
    assert workspace.stores.tables.scan("push.table").height == 2
