from datetime import UTC, datetime

import pandera.polars as pa
import polars as pl
import pytest

from loopwright.core.clock import SECOND
from loopwright.core.ids import random_id
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land_frame, land_pushed
from loopwright.data.pushing import frame_of, push, unlanded
from loopwright.data.versions import read
from loopwright.errors import ContractError, DuplicateKeyError, LoopwrightError, MissingColumnError
from loopwright.store.open_stores import Stores, open_stores
from loopwright.testing.clocks import ManualClock

DAY = 86_400 * SECOND


class Departure(pa.DataFrameModel):
    id: str
    at: pl.Datetime
    delay: float = pa.Field(nullable=True, lt=1000)


DEPARTURES = Dataset("departures", contract=Departure, key="id", event_time="at")
GOOD = {"id": "a", "at": "2013-01-01T05:00:00Z", "delay": 3}


def test_a_push_is_there_for_another_process(stores: Stores, clock: ManualClock) -> None:
    assert push(stores, DEPARTURES, [GOOD, GOOD | {"id": "b", "delay": None}], known_at=7) == 2
    other = open_stores(stores.home, clock=clock, ids=random_id)
    frame = read(other, "departures", include_pushed=True)
    other.close()
    assert frame.rows() == [("a", datetime(2013, 1, 1, 5), 3.0, 7), ("b", datetime(2013, 1, 1, 5), None, 7)]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"delay": 5000}, ContractError),
        ({"delay": "late"}, ContractError),
        ({"delay": "3"}, ContractError),
        ({"at": "yesterday"}, ContractError),
        ({"id": None}, ContractError),
        ({"id": 7}, ContractError),
        ({"id": "a"}, DuplicateKeyError),
    ],
)
def test_one_bad_row_refuses_the_whole_batch(
    stores: Stores, bad: dict[str, object], error: type[LoopwrightError]
) -> None:
    with pytest.raises(error):
        push(stores, DEPARTURES, [GOOD, GOOD | {"id": "b"} | bad], known_at=7)
    assert unlanded(stores, "departures", {}).batches == 0


def test_a_missing_column_is_named(stores: Stores) -> None:
    with pytest.raises(MissingColumnError, match="'delay'"):
        push(stores, DEPARTURES, [{"id": "a", "at": 5}], known_at=7)


def test_times_may_be_microseconds(stores: Stores) -> None:
    push(stores, DEPARTURES, [GOOD | {"at": 1_357_016_400 * SECOND}], known_at=7)
    frame = read(stores, "departures", include_pushed=True)
    assert frame["at"].to_list() == [datetime(2013, 1, 1, 5, tzinfo=UTC).replace(tzinfo=None)]


def test_a_batch_that_is_sent_again_counts_once(stores: Stores, clock: ManualClock) -> None:
    plain = Dataset("e")
    push(stores, plain, [{"x": 1}], known_at=7, batch="one")
    push(stores, plain, [{"x": 1}], known_at=7, batch="one")
    assert read(stores, "e", include_pushed=True).height == 1
    land_pushed(stores, plain, clock=clock)
    push(stores, plain, [{"x": 1}], known_at=7, batch="one")
    assert read(stores, "e", include_pushed=True).height == 1


def test_nothing_pushed_is_nothing_kept(stores: Stores, clock: ManualClock) -> None:
    assert push(stores, DEPARTURES, [], known_at=7) == 0
    assert not land_pushed(stores, DEPARTURES, clock=clock).changed


def test_rows_known_long_before_what_has_landed_still_land(stores: Stores, clock: ManualClock) -> None:
    plain = Dataset("e")
    push(stores, plain, [{"x": 1}], known_at=100 * DAY)
    land_pushed(stores, plain, clock=clock)
    push(stores, plain, [{"x": 2}], known_at=5 * DAY)
    assert read(stores, "e", include_pushed=True)["x"].to_list() == [1, 2]
    assert land_pushed(stores, plain, clock=clock).rows == 1
    assert read(stores, "e").select("x", "_known_at").rows() == [(1, 100 * DAY), (2, 5 * DAY)]
    assert read(stores, "e", known_at=6 * DAY)["x"].to_list() == [2]


def test_many_landings_take_every_batch_once(stores: Stores, clock: ManualClock) -> None:
    plain = Dataset("e")
    for number in range(12):
        push(stores, plain, [{"x": number}], known_at=number * DAY // 3)
        if number % 3 == 2:
            land_pushed(stores, plain, clock=clock)
    assert sorted(read(stores, "e", include_pushed=True)["x"].to_list()) == list(range(12))
    assert sorted(read(stores, "e")["x"].to_list()) == list(range(12))


def test_without_a_contract_pushes_have_the_types_that_landed(stores: Stores, clock: ManualClock) -> None:
    plain = Dataset("e")
    land_frame(stores, plain, pl.DataFrame({"x": [1]}), clock=clock)
    with pytest.raises(ContractError, match="breaks its contract"):
        push(stores, plain, [{"x": "text"}], known_at=7)


def test_values_of_two_types_are_refused() -> None:
    frame, failures = frame_of([{"x": 1, "y": 1}, {"x": "a", "y": 2.5}], {})
    assert [(f.column, f.rule) for f in failures] == [("x", "values of one type")]
    assert frame["y"].to_list() == [1.0, 2.5]
