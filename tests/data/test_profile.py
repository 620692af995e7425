from datetime import UTC, datetime

import polars as pl

from loopwright.core.clock import micros
from loopwright.core.codec import canonical, from_json
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land_frame
from loopwright.data.profile import Level, Profile, profile, profile_frame
from loopwright.store.open_stores import Stores
from loopwright.testing.clocks import ManualClock


def test_numbers_have_quantiles_and_moments() -> None:
    (x,) = profile_frame(pl.DataFrame({"x": [*map(float, range(101)), None, float("nan")]})).columns
    assert (x.nulls, x.nan, x.mean) == (1, 1, 50.0)
    assert x.quantiles == (0.0, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 100.0)


def test_texts_have_their_most_frequent_levels() -> None:
    (c,) = profile_frame(pl.DataFrame({"c": ["b", "a", "b", None, "x" * 500]})).columns
    assert (c.nulls, c.distinct, c.mean) == (1, 3, None)
    assert c.top[0] == Level(value="b", rows=2)
    assert len(c.top[2].value) == 80


def test_times_have_quantiles_in_microseconds() -> None:
    noon = datetime(2013, 4, 1, 12)
    t, d = profile_frame(pl.DataFrame({"t": [noon], "d": [noon.date()]})).columns
    assert t.quantiles[0] == micros(noon.replace(tzinfo=UTC))
    assert d.quantiles[0] == micros(datetime(2013, 4, 1, tzinfo=UTC))


def test_columns_without_values_and_tables_without_rows_have_profiles() -> None:
    found = profile_frame(
        pl.DataFrame({"e": [None, None], "n": [float("nan")] * 2, "l": [[1], [2]], "b": [True, False]})
    )
    assert [(c.nulls, c.quantiles) for c in found.columns] == [(2, ()), (0, ()), (0, ()), (0, ())]
    assert profile_frame(pl.DataFrame({"x": []}, schema={"x": pl.Int64})).columns[0].distinct == 0


def test_a_profile_is_a_small_value_that_comes_back(stores: Stores, clock: ManualClock) -> None:
    frame = pl.DataFrame({f"c{i}": range(10_000) for i in range(20)})
    land_frame(stores, Dataset("d", key="c0"), frame, clock=clock)
    found = profile(stores, "d")
    data = canonical(found)
    assert found.rows == 10_000
    assert [column.name for column in found.columns] == frame.columns
    assert len(data) < 20_000
    assert from_json(data, Profile) == found
