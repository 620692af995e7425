import polars as pl
import pytest

from loopwright.data.coercion import common, convert, infer, plain, typed_frame

MICROS = pl.Datetime("us")


@pytest.mark.parametrize(
    ("texts", "dtype", "values"),
    [
        (["1", "-2", "NA", ""], pl.Int64, [1, -2, None, None]),
        (["1", "2.5", "nan"], pl.Float64, [1.0, 2.5, None]),
        (["1e3", "2"], pl.Float64, [1000.0, 2.0]),
        (["1"] * 300 + ["2.5"], pl.Float64, [1.0] * 300 + [2.5]),
        (["1"] * 300 + ["x"], pl.String, ["1"] * 300 + ["x"]),
        (["true", "False", ""], pl.Boolean, [True, False, None]),
        (["00501", "10001"], pl.String, ["00501", "10001"]),
        (["0", "-0.5", "0.25"], pl.Float64, [0.0, -0.5, 0.25]),
        (["NA", "x", ""], pl.String, ["NA", "x", None]),
        (["", "NA"], pl.Null, [None, None]),
        (["99999999999999999999"], pl.Float64, [1e20]),
    ],
)
def test_text_becomes_the_narrowest_type_of_every_value(texts: list[str], dtype: object, values: list[object]) -> None:
    typed = infer(pl.Series("c", texts))
    assert (typed.name, typed.dtype, typed.to_list()) == ("c", dtype, values)


@pytest.mark.parametrize(
    "texts",
    [
        ["2013-01-01T10:00:00Z", "2013-01-02T00:00:00Z"],
        ["2013-01-01 10:00", "2013-01-02 00:00:00.000"],
        ["2013-01-01T12:00:00+02:00", "2013-01-01T19:00:00-0500"],
    ],
)
def test_iso_times_become_utc_microseconds(texts: list[str]) -> None:
    typed = infer(pl.Series(texts))
    assert typed.dtype == MICROS
    assert typed.dt.to_string("%Y-%m-%d %H:%M").to_list() == ["2013-01-01 10:00", "2013-01-02 00:00"]


def test_dates_stay_dates() -> None:
    assert infer(pl.Series(["2013-01-01", "NA"])).dtype == pl.Date


@pytest.mark.parametrize(
    ("texts", "dtype", "bad"),
    [
        (["1", "x", "3.5", "4.0", "NA"], pl.Int64(), (1, 2)),
        (["1", "x"], pl.Float64(), (1,)),
        (["yes", "no", "0", "1", "maybe"], pl.Boolean(), (4,)),
        (["2013-01-01", "01/02/2013"], MICROS, (1,)),
        (["1", "300"], pl.Int8(), (1,)),
    ],
)
def test_text_that_is_not_of_its_type_is_counted_and_placed(
    texts: list[str], dtype: pl.DataType, bad: tuple[int, ...]
) -> None:
    typed, failure = convert(pl.Series("c", texts), dtype)
    assert failure is not None
    assert (failure.column, failure.rows, failure.positions) == ("c", len(bad), bad)
    assert typed.dtype == dtype


def test_text_stays_as_it_stood_where_text_is_expected() -> None:
    frame, failures = typed_frame(pl.DataFrame({"c": ["007", "NA"]}), {"c": pl.String()}, text=True)
    assert frame["c"].to_list() == ["007", "NA"]
    assert not failures


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (pl.Int32(), pl.Int64()),
        (pl.Int64(), pl.Float64()),
        (pl.Date(), MICROS),
        (pl.Datetime("ns", "UTC"), MICROS),
        (pl.Null(), pl.Int8()),
    ],
)
def test_a_widening_keeps_every_value(found: pl.DataType, wanted: pl.DataType) -> None:
    column, failure = convert(
        pl.Series("c", [1, None]).cast(pl.Int64).cast(found) if found != pl.Null() else pl.Series("c", [None]), wanted
    )
    assert (column.dtype, failure) == (wanted, None)


@pytest.mark.parametrize(
    ("found", "wanted"), [(pl.Float64(), pl.Int64()), (pl.Int64(), pl.String()), (pl.Boolean(), pl.Int64())]
)
def test_a_type_that_would_lose_values_is_refused(found: pl.DataType, wanted: pl.DataType) -> None:
    _, failure = convert(pl.Series("c", [1]).cast(found), wanted)
    assert failure is not None
    assert "found" in failure.rule


def test_a_zone_is_folded_into_utc() -> None:
    berlin = pl.Series(["2013-07-01 12:00"]).str.to_datetime().dt.replace_time_zone("Europe/Berlin")
    assert plain(berlin).dt.hour().to_list() == [10]


def test_types_meet_only_where_nothing_is_lost() -> None:
    assert common(pl.Int64(), pl.Float64()) == pl.Float64
    assert common(pl.Null(), pl.String()) == pl.String
    assert common(pl.Date(), MICROS) == MICROS
    assert common(pl.Int64(), pl.String()) is None
    assert common(pl.Boolean(), pl.Int64()) is None
