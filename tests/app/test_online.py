from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.intake import push_rows
from loopwright.app.landing import land_all
from loopwright.app.online import online_features, refill_online
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SECOND

NOW = 1_700_000_000 * SECOND
HOUR = 3600 * SECOND
SENSORS = lw.Dataset("sensors", source="sensors/*.csv", event_time="at")
OTHERS = lw.Dataset("others", source="others/*.csv", event_time="at")
HEAT = lw.FeatureView("heat", source=SENSORS, entity="room", features={"warmth": lw.total("heat", "1h")})
PEAK = lw.FeatureView("peak", source=SENSORS, entity="room", features={"peak": lw.maximum("heat", "2h")})
OTHER = lw.FeatureView("other", source=OTHERS, entity="room", features={"seen": lw.count(over="1h")})


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path, create=True, replay=True)
    set_clock(opened.stores, NOW)
    (tmp_path / "sensors").mkdir()
    at = pl.Series([NOW - minutes * 60 * SECOND for minutes in (5, 90)]).cast(pl.Datetime("us"))
    pl.DataFrame({"at": at, "room": ["a", "a"], "heat": [3, 8]}).write_csv(tmp_path / "sensors" / "first.csv")
    land_all(opened, {"sensors": SENSORS})
    yield opened
    opened.close()


def warmth(workspace: Workspace, *views: lw.FeatureView, at: int = NOW) -> dict[str, Any]:
    return online_features(workspace, views).read([({"room": "a"}, at)], at)[0]


def test_history_and_what_was_only_pushed_fill_together(workspace: Workspace) -> None:
    push_rows(workspace, {"sensors": SENSORS}, (), name="sensors", rows=[{"at": NOW - SECOND, "room": "a", "heat": 4}])
    assert refill_online(workspace, [HEAT, PEAK]) == 2
    assert warmth(workspace, HEAT, PEAK) == {"warmth": 7.0, "peak": 8.0}


def test_a_second_fill_counts_nothing_twice(workspace: Workspace) -> None:
    for _ in range(2):
        refill_online(workspace, [HEAT])
    assert warmth(workspace, HEAT) == {"warmth": 3.0}


def test_an_entity_whose_rows_have_all_gone_has_none_after_the_next_fill(workspace: Workspace) -> None:
    keyed = lw.Dataset("keyed", key="id", event_time="at")
    view = lw.FeatureView("seen", source=keyed, entity="room", features={"rows": lw.count(over="1h")})
    row = {"id": 1, "at": NOW - SECOND, "room": "a"}
    for room in ("a", "b"):
        push_rows(workspace, {"keyed": keyed}, [view, HEAT], name="keyed", rows=[row | {"room": room}])
        refill_online(workspace, [view, HEAT])
        set_clock(workspace.stores, workspace.clock.now() + 1)
    asked = [({"room": room}, NOW) for room in ("a", "b")]
    found = online_features(workspace, [view, HEAT]).read(asked, NOW + 1)
    assert found == [{"rows": 0, "warmth": 3.0}, {"rows": 1, "warmth": 0.0}]


def test_a_source_of_which_nothing_is_known_yet_does_not_hold_up_the_others(workspace: Workspace) -> None:
    refill_online(workspace, [OTHER, HEAT])
    assert warmth(workspace, HEAT, OTHER) == {"warmth": 3.0, "seen": 0}


def test_a_push_reaches_the_views_that_read_its_dataset_and_no_others(workspace: Workspace) -> None:
    rows = [{"at": NOW - SECOND, "room": "a", "heat": 4}]
    assert online_features(workspace, [HEAT, OTHER]).push("sensors", rows, known_at=NOW) == 1
    assert online_features(workspace, [HEAT]).push("others", rows, known_at=NOW) == 0
    assert warmth(workspace, HEAT, OTHER) == {"warmth": 4.0, "seen": 0}


def test_a_request_of_yesterday_is_answered_as_of_its_own_time(workspace: Workspace) -> None:
    refill_online(workspace, [HEAT])
    rows = [{"at": NOW + 24 * HOUR, "room": "a", "heat": 1}]
    online_features(workspace, [HEAT]).push("sensors", rows, known_at=NOW + 24 * HOUR)
    assert warmth(workspace, HEAT) == {"warmth": 3.0}
