"""A table's row is judged as the same record in a request is."""

import math
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.app.batch.screen import Screened, screen_records, screen_table
from loopwright.core.clock import micros
from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.door import Door

COLUMNS = {
    "ratio": Column(name="ratio", kind="float", minimum=0.0, maximum=1.0, exclusive_maximum=True),
    "positive": Column(name="positive", kind="float", minimum=0.0, exclusive_minimum=True, nullable=True),
    "free": Column(name="free", kind="float", nullable=True),
    "count": Column(name="count", kind="int", minimum=0.5, exclusive_minimum=True, maximum=2.0**53),
    "large": Column(name="large", kind="int", nullable=True, minimum=-(2.0**62)),
    "on": Column(name="on", kind="bool"),
    "name": Column(name="name", kind="string", nullable=True),
    "carrier": Column(name="carrier", kind="category", categories=("AA", "UA"), closed=True),
    "open": Column(name="open", kind="category", categories=("x", "y"), nullable=True),
    "at": Column(name="at", kind="datetime", nullable=True),
}
NUMBERS = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0, 0.5, -0.0, 3.0, 2.0**53])
)
WHOLE = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 1, 2**53 + 1, 2**53 + 2, 2**53 + 3]))
TEXT = st.one_of(st.none(), st.sampled_from(["AA", "UA", "x", "z", "", "1.5", "2026-01-01"]), st.text(max_size=5))
TIMES = st.one_of(st.none(), st.datetimes(datetime(1, 1, 2), datetime(9999, 1, 1)))
ISO = st.one_of(
    TEXT,
    st.datetimes(datetime(1, 1, 2), datetime(9999, 1, 1)).map(lambda d: d.isoformat()),
    st.sampled_from(
        ["2026-02-30T00:00:00", "2026-01-01T24:00:00", "2026-01-01T00:00:60", "2026-01-01 10:00:00.25Z",
         "2026-01-01T10:00:00+02:00", "20260101T100000", "2026-W01-1"]
    ),
)  # fmt: skip
KINDS: dict[str, tuple[pl.DataType, Any]] = {
    "f64": (pl.Float64(), NUMBERS),
    "f32": (pl.Float32(), st.one_of(st.none(), st.floats(width=32))),
    "i64": (pl.Int64(), WHOLE),
    "u64": (pl.UInt64(), st.one_of(st.none(), st.integers(0, 2**64 - 1))),
    "bool": (pl.Boolean(), st.one_of(st.none(), st.booleans())),
    "text": (pl.String(), TEXT),
    "iso": (pl.String(), ISO),
    "time": (pl.Datetime("us"), TIMES),
    "date": (pl.Date(), st.one_of(st.none(), st.dates(date(1, 1, 2), date(9999, 1, 1)))),
    "null": (pl.Null(), st.none()),
}


def record_of(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, float) and math.isnan(value):
        value = None
    if isinstance(value, datetime):
        value = micros(value.replace(tzinfo=UTC))
    elif isinstance(value, date):
        value = micros(datetime(value.year, value.month, value.day, tzinfo=UTC))
    return {name: value}


def judged(door: Door, record: Any) -> tuple[Any, Any]:
    try:
        checked = door.check(record)
    except RequestRefusedError as error:
        return None, [(b["field"], b["rule"], b["expected"]) for b in error.context["breaches"]]  # type: ignore[attr-defined]
    return checked.values, checked.flags


def told(screened: Screened, rows: int) -> list[tuple[Any, Any]]:
    accepted = [True] * rows if screened.accepted is None else screened.accepted.to_list()
    values = iter(screened.values.to_dicts())
    refusals = {r.position: [(b.field, b.rule, b.expected) for b in r.breaches] for r in screened.refusals}
    return [
        (next(values), screened.flags.get(i, ())) if inside else (None, refusals[i])
        for i, inside in enumerate(accepted)
    ]


@pytest.mark.parametrize("policy", ["refuse", "flag"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", COLUMNS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_row_is_judged_as_the_door_judges_it_as_a_record(name: str, kind: str, policy: Any, data: Any) -> None:
    dtype, values = KINDS[kind]
    drawn = data.draw(st.lists(values, min_size=1, max_size=8))
    series = pl.Series(name, drawn, dtype=dtype)
    door = Door(Signature(task="regression", request=(COLUMNS[name],), features=(COLUMNS[name],)), policy)

    found = told(screen_table(door, series.to_frame()), len(drawn))

    wanted = [judged(door, record_of(name, value)) for value in series.to_list()]
    assert found == wanted


@pytest.mark.parametrize(
    ("name", "values", "kept"),
    [
        ("positive", [0.0, 5e-324, 1.0, None], [5e-324, 1.0, None]),
        ("ratio", [0.0, 0.999, 1.0], [0.0, 0.999]),
        ("count", [0, 1, 2**53, 2**53 + 1], [1, 2**53]),
    ],
)
def test_bounds_hold_to_the_last_digit(name: str, values: list[Any], kept: list[Any]) -> None:
    door = Door(Signature(task="regression", request=(COLUMNS[name],), features=()))

    assert screen_table(door, pl.DataFrame({name: values})).values[name].to_list() == kept
    for value in values:  # alone, so that a whole column within its bounds is told from one outside
        alone = screen_table(
            door, pl.DataFrame({name: [value]}, schema={name: pl.Int64 if name == "count" else pl.Float64})
        )
        assert alone.values.height == (value in kept)


@pytest.mark.parametrize("policy", ["refuse", "flag"])
def test_several_columns_are_judged_together(policy: Any) -> None:
    door = Door(Signature(task="regression", request=tuple(COLUMNS.values()), features=()), policy)
    good = {
        "ratio": 0.5, "positive": 1.0, "free": None, "count": 1, "large": None, "on": True, "name": "n",
        "carrier": "AA", "open": "q", "at": None, "other": 1,
    }  # fmt: skip
    rows = [good, good | {"ratio": 1.0, "carrier": "ZZ"}, good | {"on": None}, good | {"ratio": 2.0}, good]
    frame = pl.DataFrame(rows, schema_overrides={"at": pl.Datetime("us"), "free": pl.Float64, "large": pl.Int64})

    found = told(screen_table(door, frame), len(rows))

    wanted = [judged(door, {k: v for k, v in row.items() if k != "other"}) for row in rows]
    assert found == wanted
    assert told(screen_records(door, rows), len(rows)) == wanted


def test_a_text_that_is_no_value_is_refused_as_it_was_written_and_its_neighbours_are_not() -> None:
    request = (COLUMNS["ratio"], COLUMNS["count"], COLUMNS["on"], COLUMNS["at"])
    door = Door(Signature(task="regression", request=request, features=()))
    frame = pl.DataFrame(
        {
            "ratio": ["0.25", " 0.5", "half", "NaN", "0.75", "inf"],
            "count": ["3", "3.0", "1", "1", "3.5", "1"],
            "on": ["true", "0", "yes", "yes", "yes", "yes"],
            "at": ["2026-01-01T00:00:00Z", "", None, None, None, None],
        }
    )

    screened = screen_table(door, frame, text=True)

    assert screened.values.rows() == [(0.25, 3, True, micros(datetime(2026, 1, 1, tzinfo=UTC))), (0.5, 3, False, None)]
    assert [(r.position, [(b.field, b.rule) for b in r.breaches]) for r in screened.refusals] == [
        (2, [("ratio", "type")]),
        (3, [("ratio", "required")]),
        (4, [("count", "type")]),
        (5, [("ratio", "type")]),
    ]


def test_what_is_no_record_is_refused() -> None:
    door = Door(Signature(task="regression", request=(COLUMNS["ratio"],), features=()))

    screened = screen_records(door, ["nope", {"ratio": 0.5}, [1]])

    assert [r.position for r in screened.refusals] == [0, 2]
    assert screened.values["ratio"].to_list() == [0.5]
