"""Containers come back with their types; a stored class name can name records only."""

import dataclasses
import datetime as dt
import math
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
import pytest

from loopwright.core.codec import canonical, plain
from loopwright.errors import UnsupportedValueError
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.value import get_value, put_value
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    table: pl.DataFrame
    note: str
    size: int = dataclasses.field(init=False, default=0)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    values: np.ndarray


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


def test_containers_come_back_with_their_types() -> None:
    report = Report(table=FRAME, note="n")
    object.__setattr__(report, "size", 7)
    value = {"point": Point((1, 2), np.arange(3)), "list": [report, b"\0"], "set": Setting(name="s", values=np.ones(2))}
    back = round_trip(value)
    assert isinstance(back["point"], Point)
    assert back["point"].x == (1, 2)
    assert back["point"].y.tolist() == [0, 1, 2]
    assert back["list"][0].table.equals(FRAME)
    assert (back["list"][0].note, back["list"][0].size) == ("n", 7)
    assert back["list"][1] == b"\0"
    assert back["set"].values.tolist() == [1, 1]


def test_class_within_a_function_is_refused(blobs: Blobs) -> None:
    @dataclasses.dataclass
    class Local:
        x: int

    with pytest.raises(UnsupportedValueError, match="inside a function"):
        put_value(blobs, Local(1))


def test_value_nested_in_itself_is_refused(blobs: Blobs) -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(UnsupportedValueError, match="nested"):
        put_value(blobs, ring)


def test_stored_class_name_cannot_call_a_function(blobs: Blobs) -> None:
    digest = put_value(blobs, Point(1, 2))
    envelope = plain(blobs.get(digest))
    _, files = Catalogue().encode(Point(1, 2))
    index = plain(files["container.json"])
    for path in ("os:system", "builtins:print", "nosuchmodule:X", "subprocess:Popen"):
        files["container.json"] = canonical(index | {"of": path})
        with pytest.raises(UnsupportedValueError):
            Catalogue().decode(envelope["format"], files)
