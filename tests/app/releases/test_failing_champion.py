"""A champion that fails its requests is rolled back to the version before it: once, with its cause."""

from typing import Any

import pytest
from tests.app.releases.test_operations import CHAMPION, WORD, Desk

from loopwright.app.arms import current_arms
from loopwright.app.controller import Controller
from loopwright.app.releases.failing_champion import FailingRule, fails, heal
from loopwright.app.releases.operations import promote_now
from loopwright.app.run import run_loop
from loopwright.core.events import EventDraft
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmTotals
from loopwright.store.ledger import Record

Project = Any


@pytest.fixture
def desk(project: Project) -> Desk:
    """A champion that replaced another one."""
    desk = Desk(project)
    promote_now(desk.workspace, "small", WORD)
    return desk


def champion_answers(desk: Desk, requests: int, *, failed: int) -> None:
    buckets = [0] * (len(BUCKET_BOUNDS_US) + 1)
    buckets[10] = requests - failed
    at = -(-desk.workspace.clock.now() // 1_000_000) * 1_000_000
    row = {
        "worker": "w", "endpoint": "small", "release": None, "arm": "champion", "requests": requests, "errors": failed,
        "at": at, "timeouts": 0, "crashes": 0, "latency_us_buckets": buckets,
    }  # fmt: skip
    desk.workspace.stores.tables.append("arm_stats", [row])


@pytest.mark.parametrize(
    ("requests", "failures", "does"),
    [(0, 0, False), (19, 19, False), (20, 20, True), (40, 20, False), (40, 21, True), (1_000_000, 400_000, False)],
)
def test_a_champion_fails_where_most_of_enough_requests_fail(requests: int, failures: int, does: bool) -> None:
    assert bool(fails(ArmTotals(requests=requests, errors=failures), FailingRule())) is does


def test_a_champion_that_answers_stays(desk: Desk) -> None:
    champion_answers(desk, 100, failed=10)
    assert heal(desk.workspace, "small") is None
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.candidate


def test_a_champion_that_fails_gives_way_to_the_one_before_and_the_journal_says_why(
    desk: Desk, project: Project
) -> None:
    champion_answers(desk, 100, failed=90)
    Controller(desk.workspace, project.loaded()).step()
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.champion
    assert desk.shares() == {desk.champion: 1.0}
    failed, moved = desk.last("champion_failed"), desk.last("ref_moved")
    assert failed.data["version"] == desk.candidate
    assert (moved.actor, moved.caused_by) == ("controller", (failed.seq,))
    assert "90 of 100" in moved.data["reason"]


def test_what_came_back_in_this_way_is_not_taken_away_in_this_way(desk: Desk) -> None:
    third = run_loop(desk.workspace, desk.project.loaded(), parameters={"depth": 1}).judged
    assert third is not None
    promote_now(desk.workspace, "small", WORD)
    champion_answers(desk, 100, failed=90)
    done = heal(desk.workspace, "small")
    assert done is not None
    assert done.champion == desk.candidate
    arms = current_arms(desk.workspace, "small")
    assert arms is not None
    assert arms.previous == desk.champion, "there is one to go back to"
    champion_answers(desk, 100, failed=100)
    assert heal(desk.workspace, "small") is None
    assert desk.workspace.stores.ledger.ref(CHAMPION) == desk.candidate


def test_a_worker_s_word_that_the_champion_took_it_down_is_enough_for_this_time_as_champion(desk: Desk) -> None:
    ledger = desk.workspace.stores.ledger
    data = {"endpoint": "small", "version": desk.candidate, "cause": "crash"}
    (event,) = ledger.commit(events=[EventDraft(kind="champion_failed", subject="model:small", data=data)])
    told = data | {"why": "3 workers died", "event": event.seq, "since": 1}
    ledger.commit(records=[Record(kind="champion_failed", id=f"small/{desk.candidate}", data=told)])
    assert heal(desk.workspace, "small") is None, "it is about an earlier time"
    told["since"] = ledger.history(CHAMPION)[-1].seq
    ledger.commit(records=[Record(kind="champion_failed", id=f"small/{desk.candidate}", data=told)])
    done = heal(desk.workspace, "small")
    assert done is not None
    assert done.champion == desk.champion
    assert desk.last("ref_moved").caused_by == (event.seq,)


def test_without_a_version_before_it_the_champion_stays(project: Project) -> None:
    workspace = project.workspace()
    row = {"worker": "w", "endpoint": "small", "release": None, "arm": "champion", "requests": 100, "errors": 100,
           "at": workspace.clock.now() // 1_000_000 * 1_000_000, "timeouts": 0, "crashes": 0,
           "latency_us_buckets": [0] * (len(BUCKET_BOUNDS_US) + 1)}  # fmt: skip
    workspace.stores.tables.append("arm_stats", [row])
    assert heal(workspace, "small") is None
