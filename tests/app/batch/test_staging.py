"""A query's rows on disk: whole or not at all, and truth values that a database keeps as numbers."""

import sqlite3
from pathlib import Path

import polars as pl
import pytest

from loopwright.app.batch.sqlite import SqliteDatabase
from loopwright.app.batch.staging import staged
from loopwright.core.schema import Column, Signature
from loopwright.errors import SourceError

SIGNATURE = Signature(
    task="regression", request=(Column(name="on", kind="bool"), Column(name="n", kind="int")), features=()
)


@pytest.fixture
def address(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "d.db") as connection:
        connection.execute('CREATE TABLE t ("on" BOOLEAN, n INTEGER)')
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(i % 2, i) for i in range(2_500)])
    return f"sqlite:///{tmp_path}/d.db"


def test_rows_become_files(address: str, tmp_path: Path) -> None:
    files = staged(address, "SELECT * FROM t", tmp_path / "in", signature=SIGNATURE, rows=1_000)

    assert [file.rows for file in files] == [1_000, 1_000, 500]
    whole = pl.read_parquet(tmp_path / "in" / "*.parquet")
    assert whole.schema == {"on": pl.Boolean(), "n": pl.Int64()}
    assert whole["n"].to_list() == [*range(2_500)]


def test_what_an_interrupted_reading_left_goes_away(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = SqliteDatabase.frames

    def interrupted(self: SqliteDatabase, query: str, rows: int):  # type: ignore[no-untyped-def]
        yield next(frames(self, query, rows))
        raise KeyboardInterrupt

    monkeypatch.setattr(SqliteDatabase, "frames", interrupted)
    with pytest.raises(KeyboardInterrupt):
        staged(address, "SELECT * FROM t", tmp_path / "in", signature=SIGNATURE, rows=1_000)
    assert not (tmp_path / "in").exists()
    monkeypatch.setattr(SqliteDatabase, "frames", frames)

    files = staged(address, "SELECT * FROM t WHERE n < 1500", tmp_path / "in", signature=SIGNATURE, rows=1_000)
    assert sum(file.rows for file in files) == 1_500
    with pytest.raises(SourceError, match="no rows"):
        staged(address, "SELECT * FROM t WHERE n < 0", tmp_path / "none", signature=SIGNATURE, rows=1_000)
