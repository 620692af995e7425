from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from loopwright.core.clock import SECOND
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land, land_frame
from loopwright.data.parts import current
from loopwright.data.pushing import push
from loopwright.data.versions import read, stale_by
from loopwright.errors import MissingColumnError, NotFoundError
from loopwright.store.open_stores import Stores
from loopwright.testing.clocks import ManualClock

Write = Callable[[str, str | pl.DataFrame], Path]
KEYED = Dataset("d", key="id")


def land_at(stores: Stores, dataset: Dataset, at: int, clock: ManualClock, **columns: list[object]) -> str:
    return str(land_frame(stores, dataset, pl.DataFrame(columns), clock=clock, known_at=at).version)


def test_a_version_is_the_latest_row_of_each_key_as_of_a_time(stores: Stores, clock: ManualClock) -> None:
    land_at(stores, KEYED, 100, clock, id=["a", "b"], x=[1, 2])
    land_at(stores, KEYED, 200, clock, id=["b", "c"], x=[20, 30])
    assert read(stores, "d").rows() == [("a", 1, 100), ("b", 20, 200), ("c", 30, 200)]
    assert read(stores, "d", known_at=199).rows() == [("a", 1, 100), ("b", 2, 100)]
    assert read(stores, "d", known_at=200).height == 3
    assert read(stores, "d", known_at=99).rows() == []
    assert read(stores, "d", known_at=99).schema == read(stores, "d").schema


def test_an_older_version_never_changes(stores: Stores, clock: ManualClock) -> None:
    old = land_at(stores, KEYED, 100, clock, id=["a"], x=[1])
    land_at(stores, KEYED, 200, clock, id=["a"], x=[2])
    assert read(stores, "d", version=old)["x"].to_list() == [1]


def test_a_late_landing_of_an_earlier_time_takes_its_place_in_time(stores: Stores, clock: ManualClock) -> None:
    land_at(stores, KEYED, 200, clock, id=["a"], x=[2])
    land_at(stores, KEYED, 100, clock, id=["a"], x=[1])
    assert read(stores, "d")["x"].to_list() == [2]
    assert read(stores, "d", known_at=150)["x"].to_list() == [1]


def test_rows_with_a_known_at_of_their_own_go_by_it(stores: Stores, clock: ManualClock) -> None:
    log = Dataset("d", key="id", known_at="known")
    land_at(stores, log, 10**12, clock, id=["a", "b", "a", "c"], x=[1, 2, 3, 4], known=[50, 300, 150, None])
    assert read(stores, "d", known_at=100).select("id", "x", "_known_at").rows() == [("a", 1, 50)]
    assert read(stores, "d", known_at=200).select("id", "x").rows() == [("a", 3)]
    # a row that does not say when it became known became known when it landed
    assert read(stores, "d").select("id", "_known_at").rows() == [("a", 150), ("b", 300), ("c", 10**12)]


def test_columns_come_in_the_order_asked_without_the_key(stores: Stores, clock: ManualClock) -> None:
    land_at(stores, KEYED, 100, clock, id=["a", "b"], x=[1, 2], y=[3, 4])
    land_at(stores, KEYED, 200, clock, id=["b"], x=[20], y=[40])
    frame = read(stores, "d", columns=["y", "x"])
    assert frame.columns == ["y", "x", "_known_at"]
    assert frame.rows() == [(3, 1, 100), (40, 20, 200)]
    assert read(stores, "d", columns=["_known_at"]).columns == ["_known_at"]
    with pytest.raises(MissingColumnError, match="no column 'z'"):
        read(stores, "d", columns=["z"])


def test_without_a_key_every_row_counts(stores: Stores, clock: ManualClock) -> None:
    plain = Dataset("d")
    land_at(stores, plain, 100, clock, x=[1, 1])
    land_at(stores, plain, 200, clock, x=[1])
    assert read(stores, "d")["x"].to_list() == [1, 1, 1]
    assert read(stores, "d", known_at=150).height == 2


def test_without_a_key_a_file_that_grew_replaces_what_it_held(stores: Stores, clock: ManualClock, write: Write) -> None:
    plain = Dataset("d", source="a.csv")
    write("a.csv", "x\n1\n")
    land(stores, plain, clock=clock, known_at=100)
    write("a.csv", "x\n1\n2\n")
    land(stores, plain, clock=clock, known_at=200)
    assert read(stores, "d")["x"].to_list() == [1, 2]
    assert read(stores, "d", known_at=150)["x"].to_list() == [1]


def test_pushed_rows_are_read_where_asked_before_they_land(stores: Stores, clock: ManualClock) -> None:
    land_at(stores, KEYED, 100, clock, id=["a", "b"], x=[1.5, 2.5])
    push(stores, KEYED, [{"id": "a", "x": 7}], known_at=200)
    assert read(stores, "d")["x"].to_list() == [1.5, 2.5]
    pushed = read(stores, "d", include_pushed=True)
    assert pushed.rows() == [("b", 2.5, 100), ("a", 7.0, 200)]
    assert read(stores, "d", include_pushed=True, known_at=150)["x"].to_list() == [1.5, 2.5]


def test_pushed_rows_alone_can_be_read(stores: Stores) -> None:
    push(stores, Dataset("e", event_time="at"), [{"at": "2013-01-01T00:00:00Z", "x": 1}], known_at=5)
    assert read(stores, "e", include_pushed=True).schema == {
        "at": pl.Datetime("us"),
        "x": pl.Int64,
        "_known_at": pl.Int64,
    }


def test_pushed_rows_alone_are_one_a_key(stores: Stores) -> None:
    log = Dataset("e", key="id", known_at="known")
    push(stores, log, [{"id": "a", "x": 2, "known": 50}, {"id": "b", "x": 3, "known": None}], known_at=60)
    push(stores, log, [{"id": "a", "x": 1, "known": 40}], known_at=70)
    assert read(stores, "e", include_pushed=True, columns=["id", "x"]).rows() == [("a", 2, 50), ("b", 3, 60)]


def test_an_unknown_dataset_or_version_is_not_found(stores: Stores) -> None:
    with pytest.raises(NotFoundError, match="'nothing' has no version"):
        read(stores, "nothing")
    with pytest.raises(NotFoundError, match="version"):
        read(stores, "nothing", version="0" * 64)


def test_a_type_that_widened_is_read_as_one(stores: Stores, clock: ManualClock) -> None:
    land_at(stores, KEYED, 100, clock, id=["a"], x=[1])
    land_at(stores, KEYED, 200, clock, id=["b"], x=[2.5])
    version = current(stores, "d")
    assert version is not None
    assert dict(version.schema)["x"] == "Float64"
    assert read(stores, "d")["x"].to_list() == [1.0, 2.5]


def test_staleness_goes_by_event_time(stores: Stores, clock: ManualClock) -> None:
    fresh = Dataset("d", event_time="at", fresh_within="10s")
    land_frame(stores, fresh, pl.DataFrame({"at": [1 * SECOND, 5 * SECOND]}), clock=clock)
    version = current(stores, "d")
    assert stale_by(fresh, version, now=15 * SECOND) == 0
    assert stale_by(fresh, version, now=18 * SECOND) == 3 * SECOND
    assert stale_by(Dataset("d"), version, now=10**15) is None
    assert stale_by(fresh, None, now=0) is None
