import polars as pl
import pytest

from loopwright.data.parts import DatasetVersion, Part, current, ref_of, schema_of, types_in, types_of, version_of
from loopwright.errors import NotFoundError
from loopwright.store.open_stores import Stores

PART = Part(blob="b" * 64, rows=3, known_at=5, source_digest="c" * 64, last_event_at=9)
VERSION = DatasetVersion(name="d", schema=(("x", "Int64"),), parts=(PART,), key="x")


def test_the_digest_is_of_everything_that_the_version_says() -> None:
    same = DatasetVersion(name="d", schema=(("x", "Int64"),), parts=(PART,), key="x")
    assert same.digest == VERSION.digest
    assert DatasetVersion(name="d", schema=(("x", "Int64"),), parts=(PART,)).digest != VERSION.digest
    assert DatasetVersion(name="d", schema=(("x", "Int64"),), parts=(PART, PART), key="x").digest != VERSION.digest


def test_a_version_comes_back_from_the_ledger(stores: Stores) -> None:
    stores.ledger.commit(records=[VERSION.record(at=7)], moves={ref_of("d"): VERSION.digest})
    assert version_of(stores, VERSION.digest) == VERSION
    assert current(stores, "d") == VERSION
    assert current(stores, "other") is None
    with pytest.raises(NotFoundError):
        version_of(stores, "0" * 64)


def test_a_version_counts_rows_and_knows_its_watermark() -> None:
    assert (VERSION.rows_landed, VERSION.last_event_at) == (3, 9)
    assert DatasetVersion(name="d", schema=(), parts=()).last_event_at is None


def test_types_come_back_from_their_names() -> None:
    types = {
        "a": pl.Int16(),
        "b": pl.String(),
        "c": pl.Datetime("ms", "Europe/Berlin"),
        "d": pl.Datetime("us"),
        "e": pl.Boolean(),
        "f": pl.Float32(),
        "g": pl.Date(),
        "h": pl.Null(),
    }
    assert types_in(schema_of(pl.DataFrame(schema=types))) == types
    assert types_in([("n", "List(Int64)")]) == {}
    assert types_of(None) == {}
