"""Declared scores: what is due by table; real child processes, killed and begun again."""

import time
from typing import Any

import polars as pl
import psutil
import pytest
from msgspec import structs
from tests.app.conftest import SENSED_AT, Project, rows

from loopwright.app.clock import set_clock
from loopwright.app.cron import cron
from loopwright.app.schedule import ATTEMPTS, ScheduledScores, Standing, Step, asked_of, next_step
from loopwright.app.score import Score
from loopwright.app.trace import journal
from loopwright.app.workspace import Workspace
from loopwright.errors import UsageError

HOUR = 3_600_000_000
DAY = 24 * HOUR
MIDNIGHT = SENSED_AT // DAY * DAY


def nightly(**named: Any) -> Score:
    given = {"source": "in/*.parquet", "output": "out-{date}.parquet", "schedule": cron("0 3 * * *")}
    return Score("nightly", **(given | named))


@pytest.mark.parametrize(
    ("standing", "hours", "alive", "wanted"),
    [
        (Standing(last=MIDNIGHT), 2, False, None),
        (Standing(last=MIDNIGHT), 3, False, ("begin", 3)),
        (Standing(last=MIDNIGHT), 24 * 9 + 4, False, ("begin", 24 * 9 + 3)),
        (Standing(last=MIDNIGHT + 3 * HOUR, state="running", attempts=1), 4, True, None),
        (Standing(last=MIDNIGHT + 3 * HOUR, state="running", attempts=1), 4, False, ("again", 3)),
        (Standing(last=MIDNIGHT + 3 * HOUR, state="running", attempts=ATTEMPTS), 4, False, ("give_up", 3)),
        (Standing(last=MIDNIGHT + 3 * HOUR, state="running", attempts=1), 99, True, None),
        (Standing(last=MIDNIGHT + 3 * HOUR, state="finished"), 26, False, None),
        (Standing(last=MIDNIGHT + 3 * HOUR, state="failed"), 27, False, ("begin", 27)),
    ],
)
def test_what_is_to_be_done(standing: Standing, hours: int, alive: bool, wanted: tuple[Any, int] | None) -> None:
    found = next_step(nightly(), standing, MIDNIGHT + hours * HOUR, alive=alive)

    assert found == (Step(action=wanted[0], at=MIDNIGHT + wanted[1] * HOUR) if wanted else None)


def test_dates_in_addresses_are_those_of_the_schedule_in_its_zone() -> None:
    score = nightly(
        source="in/{date}/*.csv", output="out/{date}T{time}/", schedule=cron("0 3 * * *", zone="Asia/Tokyo")
    )

    asked = asked_of(score, "small", MIDNIGHT + 18 * HOUR)

    assert (asked.input, asked.output) == ("in/2023-11-15/*.csv", "out/2023-11-15T0300/")
    assert asked.model == "small@champion"


def until(scores: ScheduledScores, workspace: Workspace, state: str) -> Standing:
    for _ in range(600):
        scores.step()
        standing = standing_of(workspace)
        if standing.state == state:
            return standing
        time.sleep(0.05)
    raise AssertionError(standing_of(workspace))


def standing_of(workspace: Workspace) -> Standing:
    record = workspace.stores.ledger.record("scheduled_score", "small/nightly")
    assert record is not None
    return structs.replace(Standing(last=0), **{k: v for k, v in record.data.items()})


@pytest.fixture
def workspace(replayed: Project) -> Workspace:
    (replayed.folder / "in").mkdir()
    rows(1_500).write_parquet(replayed.folder / "in" / "1.parquet")
    opened = replayed.workspace(replay=True)
    set_clock(opened.stores, at_night(opened, 1, hour=2))
    return opened


def at_night(workspace: Workspace, day: int, *, hour: int) -> int:
    return (workspace.clock.now() // DAY + day) * DAY + hour * HOUR


@pytest.mark.slow
def test_each_time_is_scored_once_and_what_was_missed_once(replayed: Project, workspace: Workspace) -> None:
    scores = ScheduledScores(workspace, "small", [nightly(keep=("id",))])
    scores.step()
    assert standing_of(workspace).state == "waiting"

    set_clock(workspace.stores, at_night(workspace, 0, hour=3))
    first = until(scores, workspace, "finished")
    scores.step()
    set_clock(workspace.stores, at_night(workspace, 5, hour=4))
    second = until(ScheduledScores(workspace, "small", [nightly(keep=("id",))]), workspace, "finished")

    written = sorted(replayed.folder.glob("out-*.parquet"))
    assert len(written) == 2
    assert [pl.read_parquet(path)["id"].to_list() for path in written] == [[*range(1_500)]] * 2
    events = [
        event
        for event in journal(workspace.stores.ledger)
        if event.kind in ("score_started", "score_finished", "batch_scored")
    ]
    assert [event.kind for event in events] == ["score_started", "batch_scored", "score_finished"] * 2
    assert events[0].seq in events[1].caused_by
    assert events[0].seq in events[2].caused_by
    assert (first.batch, second.batch) == (events[2].data["batch"], events[5].data["batch"])
    assert second.last - first.last == 5 * DAY


@pytest.mark.slow
def test_a_process_that_dies_is_begun_again_and_given_up_after_a_while(replayed: Project, workspace: Workspace) -> None:
    scores = ScheduledScores(workspace, "small", [nightly()])
    scores.step()
    set_clock(workspace.stores, at_night(workspace, 0, hour=3))
    kill_child(scores)

    again = until(scores, workspace, "finished")

    assert again.attempts == 2
    [out] = replayed.folder.glob("out-*.parquet")
    assert pl.read_parquet(out)["id"].to_list() == [*range(1_500)]

    set_clock(workspace.stores, at_night(workspace, 1, hour=3))
    for _ in range(ATTEMPTS):
        kill_child(scores)
    failed = until(scores, workspace, "failed")
    assert "died" in failed.why


def kill_child(scores: ScheduledScores) -> None:
    """Kill the one batch process below this one, once it has been begun."""
    for _ in range(200):
        scores.step()
        for child in psutil.Process().children():
            if child.status() != psutil.STATUS_ZOMBIE and "loopwright.app.batch.child" in child.cmdline():
                child.kill()
                while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
                    time.sleep(0.01)
                return
        time.sleep(0.02)
    raise AssertionError("there is no child")


@pytest.mark.slow
def test_what_is_wrong_is_said_and_the_next_time_comes(workspace: Workspace) -> None:
    scores = ScheduledScores(workspace, "small", [nightly(source="none/*.parquet")])
    scores.step()
    set_clock(workspace.stores, at_night(workspace, 0, hour=3))

    failed = until(scores, workspace, "failed")

    assert failed.why.startswith("LW202")
    assert failed.attempts == 1


def test_names_are_unique_and_a_schedule_is_one(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="nightly"):
        ScheduledScores(workspace, "small", [nightly(), nightly()])
    with pytest.raises(UsageError, match="schedule"):
        nightly(schedule="0 3 * * *")
