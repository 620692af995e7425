"""Rows pushed, landed and filled in any order: what a request is answered with counts each of them once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

import loopwright as lw
from loopwright.app.arms import current_arms, move_arms
from loopwright.app.clock import set_clock
from loopwright.app.landing import land_all, waiting
from loopwright.app.online import online_features, refill_online
from loopwright.app.online_intake import OnlineIntake
from loopwright.app.run import run_loop
from loopwright.core.clock import SECOND
from loopwright.data.versions import read
from loopwright.errors import DataRefusedError

Project = Any


class Room:
    """Room `c`, of which history knows nothing, in a project with sensors."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.workspace = project.workspace()
        self.loaded = project.loaded()
        self.intake = OnlineIntake(self.workspace, self.loaded.datasets, "small")
        self.now = self.workspace.clock.now()

    def push(self, count: int = 1, *, batch: str | None = None, intake: OnlineIntake | None = None) -> int:
        rows = [{"at": self.now - place * SECOND, "room": "c", "heat": 1} for place in range(1, count + 1)]
        return (intake or self.intake).push("sensors", rows, batch)

    def land(self, name: str = "more.csv") -> None:
        """A file with three readings."""
        at = pl.Series([self.now - place * SECOND for place in (1, 2, 3)]).cast(pl.Datetime("us"))
        frame = pl.DataFrame({"at": at, "room": ["c"] * 3, "heat": [10] * 3})
        frame.write_csv(self.project.folder / "sensors" / name)
        land_all(self.workspace, self.loaded.datasets)

    def seen(self, view: lw.FeatureView | None = None, room: str = "c") -> dict[str, Any]:
        (found,) = online_features(self.workspace, [view or self.view()]).read([({"room": room}, self.now)], self.now)
        return found

    def view(self) -> lw.FeatureView:
        source = self.loaded.datasets["sensors"]
        features = {"readings": lw.count(over="1h"), "warmth": lw.total("heat", "1h")}
        return lw.FeatureView("heat", source=source, entity="room", features=features)


@pytest.fixture
def room(sensed: Project) -> Room:
    return Room(sensed)


def test_the_first_look_fills_what_history_knows(room: Room) -> None:
    assert room.seen(room="a") == {"readings": 0, "warmth": 0.0}
    room.intake.catch_up()
    assert room.seen(room="a")["readings"] == 30


def test_rows_pushed_before_and_after_a_fill_count_once(room: Room) -> None:
    room.push(2)
    assert room.seen() == {"readings": 2, "warmth": 2.0}
    room.intake.catch_up()
    assert room.seen()["readings"] == 2
    room.push()
    assert room.seen()["readings"] == 3
    refill_online(room.workspace, [room.view()])
    assert room.seen()["readings"] == 3


def test_another_process_that_takes_over_counts_what_was_pushed_once(room: Room) -> None:
    room.push(2)
    after = OnlineIntake(room.workspace, room.loaded.datasets, "small")
    after.catch_up()
    assert room.seen()["readings"] == 2
    room.push(intake=after)
    assert room.seen()["readings"] == 3


def test_pushed_rows_that_land_count_once_still(room: Room) -> None:
    room.push(2)
    land_all(room.workspace, room.loaded.datasets)
    room.intake.catch_up()
    assert room.seen()["readings"] == 2
    room.push()
    assert room.seen()["readings"] == 3


def test_a_file_that_lands_refills(room: Room) -> None:
    room.push(2)
    room.land()
    assert room.seen()["readings"] == 2
    room.intake.catch_up()
    assert room.seen() == {"readings": 5, "warmth": 32.0}


def test_a_push_after_a_landing_finds_the_landed_rows_there(room: Room) -> None:
    room.intake.catch_up()
    room.land()
    room.push()
    assert room.seen() == {"readings": 4, "warmth": 31.0}


def test_a_new_arm_s_views_are_filled_before_its_traffic_and_kept_current(room: Room) -> None:
    room.push(2)
    room.project.change('"1h")}', '"1h"), "peak": lw.maximum("heat", "2h")}')
    candidate = run_loop(room.workspace, room.project.loaded()).judged
    assert candidate is not None
    assert candidate.status == "releasing"
    features = {**room.view().features, "peak": lw.maximum("heat", "2h")}
    wider = lw.FeatureView("heat", source=room.loaded.datasets["sensors"], entity="room", features=features)
    assert room.seen(wider) == {"readings": 2, "warmth": 2.0, "peak": 1.0}
    room.push()
    assert (room.seen()["readings"], room.seen(wider)["readings"]) == (3, 3)


def test_a_view_that_no_arm_reads_any_more_is_let_go_and_filled_when_it_comes_back(room: Room) -> None:
    room.intake.catch_up()
    arms = current_arms(room.workspace, "small")
    assert arms is not None
    version = arms.champion.version
    room.project.change('features=["x", heat]', 'features=["x"]')
    other = run_loop(room.workspace, room.project.loaded()).judged
    assert other is not None
    for champion in (other.version, version):
        arms = current_arms(room.workspace, "small")
        assert arms is not None
        move_arms(room.workspace, arms.with_champion(champion), events=[])
        room.push()
    assert room.seen()["readings"] == 2


def test_concurrent_pushes_lose_nothing(room: Room) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda number: room.push(batch=f"b{number % 24}"), range(48)))
        room.land()
        pool.submit(room.intake.catch_up).result()
    assert kept == [1] * 48
    assert room.seen()["readings"] == 24 + 3
    assert room.workspace.stores.tables.scan("push.sensors").height == 24


def test_a_refused_push_leaves_its_batch_free_to_be_sent_again(room: Room) -> None:
    with pytest.raises(DataRefusedError):
        room.intake.push("sensors", [{"at": "never", "room": "c", "heat": 1}], "first")
    assert room.push(batch="first") == 1
    assert room.push(batch="first") == 1
    assert room.seen()["readings"] == 1


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("landed", [False, True])
def test_a_name_of_a_batch_is_free_again_after_a_day(room: Room, restarted: bool, landed: bool) -> None:
    room.push(batch="daily")
    if landed:
        land_all(room.workspace, room.loaded.datasets)
    room.now += 25 * 3600 * SECOND
    set_clock(room.workspace.stores, room.now)
    after = OnlineIntake(room.workspace, room.loaded.datasets, "small") if restarted else room.intake
    for _ in range(2):
        room.push(batch="daily", intake=after)
    assert room.seen()["readings"] == 1
    assert waiting(room.workspace, room.loaded.datasets)["sensors"].pushed == (1 if landed else 2)
    land_all(room.workspace, room.loaded.datasets)
    history = read(room.workspace.stores, "sensors").filter(pl.col("room") == "c")
    assert history.height == 2


def test_an_endpoint_without_arms_keeps_what_is_pushed(bare: Project) -> None:
    workspace, loaded = bare.workspace(), bare.loaded()
    intake = OnlineIntake(workspace, loaded.datasets, "small")
    assert intake.push("table", [{"id": 1, "x": 1.0, "n": 1, "y": True}]) == 1
    assert workspace.stores.tables.scan("push.table").height == 1
