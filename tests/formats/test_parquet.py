"""Tables come back with schema and rows; chunks and slices are no part of them."""

import datetime as dt
import math
from typing import Any

import polars as pl
import pytest

from loopwright.errors import BlobCorruptError, UnsupportedValueError
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.value import get_value, put_value
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs


@pytest.fixture
def blobs() -> Blobs:
    return MemoryBlobs()


def round_trip(value: Any) -> Any:
    blobs = MemoryBlobs()
    return get_value(blobs, put_value(blobs, value))


FRAME = pl.DataFrame(
    {
        "n": [1, None, 3],
        "x": [0.5, math.nan, None],
        "text": ["a", None, "é"],
        "at": pl.Series([dt.datetime(2013, 1, 1), None, dt.datetime(2013, 1, 2)], dtype=pl.Datetime("us")),
        "zoned": pl.Series([dt.datetime(2013, 1, 1)] * 3).dt.replace_time_zone("America/New_York"),
        "cat": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
        "enum": pl.Series(["u", "v", "u"], dtype=pl.Enum(["v", "u"])),
        "list": [[1, 2], [], None],
        "struct": [{"a": 1}, {"a": None}, None],
        "tiny": pl.Series([1, 2, 3], dtype=pl.Int8),
        "nothing": [None, None, None],
    }
)


def test_tables_come_back_with_schema_and_rows() -> None:
    back = round_trip(FRAME)
    assert back.schema == FRAME.schema
    assert back.equals(FRAME)


@pytest.mark.parametrize("frame", [pl.DataFrame(), FRAME.clear(), FRAME.slice(1, 1)])
def test_small_and_empty_tables_come_back(frame: pl.DataFrame) -> None:
    back = round_trip(frame)
    assert back.schema == frame.schema
    assert back.equals(frame)


def test_series_come_back_with_their_name() -> None:
    series = pl.Series("late", [True, None, False])
    back = round_trip(series)
    assert back.name == "late"
    assert back.equals(series)


def test_chunks_and_slices_of_a_table_are_no_part_of_it(blobs: Blobs) -> None:
    whole = pl.DataFrame({"x": range(300_000), "t": ["a", "b", None] * 100_000})
    parts = pl.concat([whole[:7], whole[7:150_000], whole[150_000:]], rechunk=False)
    assert put_value(blobs, parts) == put_value(blobs, whole)
    assert put_value(blobs, whole.slice(5, 100)) == put_value(blobs, whole[5:105].clone())


def test_tables_of_objects_are_refused(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValueError, match="'o'"):
        put_value(blobs, pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}))


def test_damaged_table_is_corrupt() -> None:
    label, files = Catalogue().encode(FRAME)
    for cut in (10, len(files["table.parquet"]) // 2):
        with pytest.raises(BlobCorruptError):
            Catalogue().decode(label, {"table.parquet": files["table.parquet"][:cut]})
