import subprocess
import sys

import pytest

from loopwright.data.parts import DatasetVersion, Part, current, ref_of, version_of
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


def test_what_is_asked_before_anything_runs_imports_no_data_library() -> None:
    modules = "loopwright.data.pending, loopwright.data.parts, loopwright.data.dataset, loopwright.data.source"
    code = f"import {modules}, sys; print([m for m in ('polars', 'numpy', 'pandera') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
