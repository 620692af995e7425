from datetime import UTC, date, datetime

import polars as pl

from loopwright.core.clock import FIRST_INSTANT, LAST_INSTANT, micros
from loopwright.data.instants import is_time, micros_of, span, unsayable

NOON = micros(datetime(2013, 4, 1, 12, tzinfo=UTC))


def test_every_way_to_say_when_is_the_same_integer() -> None:
    naive = pl.Series([datetime(2013, 4, 1, 12)])
    assert micros_of(naive.cast(pl.Datetime("ns"))).to_list() == [NOON]
    assert micros_of(naive.cast(pl.Datetime("ms"))).to_list() == [NOON]
    assert micros_of(naive.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")).to_list() == [NOON]
    assert micros_of(pl.Series([NOON, None])).to_list() == [NOON, None]
    assert micros_of(pl.Series([date(2013, 4, 1)])).to_list() == [NOON - 12 * 3600 * 1_000_000]


def test_only_times_and_integers_say_when() -> None:
    assert is_time(pl.Datetime("us"))
    assert is_time(pl.Int64())
    assert not is_time(pl.String())
    assert not is_time(pl.Float64())


def test_a_span_of_nothing_is_nothing() -> None:
    assert span(pl.Series([3, 1, None])) == (1, 3)
    assert span(pl.Series([None], dtype=pl.Datetime("us"))) == (None, None)


def test_only_the_years_that_a_datetime_can_say_are_sayable() -> None:
    instants = [FIRST_INSTANT - 1, FIRST_INSTANT, None, LAST_INSTANT, LAST_INSTANT + 1]
    for column in (pl.Series(instants), pl.Series(instants).cast(pl.Datetime("us"))):
        assert unsayable(column).to_list() == [True, False, False, False, True]
    assert unsayable(pl.Series([-800_000, 0, 3_000_000]).cast(pl.Int32).cast(pl.Date)).to_list() == [True, False, True]
