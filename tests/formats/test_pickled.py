"""Pickle is used only where both writer and reader trust it."""

import datetime as dt
import math

import polars as pl
import pytest

from loopwright.errors import UntrustedFormatError
from loopwright.formats.value import get_value, put_value
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs


@pytest.fixture
def blobs() -> Blobs:
    return MemoryBlobs()


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


def test_pickle_needs_trust_on_both_sides(blobs: Blobs) -> None:
    digest = put_value(blobs, [complex(1, 2), 3], trust_pickle=True)
    with pytest.raises(UntrustedFormatError):
        get_value(blobs, digest)
    assert get_value(blobs, digest, trust_pickle=True) == [complex(1, 2), 3]


def test_trust_changes_nothing_for_values_with_a_format(blobs: Blobs) -> None:
    assert put_value(blobs, FRAME, trust_pickle=True) == put_value(blobs, FRAME)
