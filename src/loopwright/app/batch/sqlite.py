"""SQLite, by the standard library."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.table_rows import BATCH, PART_COLUMNS, PARTS, parts_of, quoted, quoted_column
from loopwright.errors import SourceError

_WAIT_S = 30.0


class SqliteDatabase:
    """One file. Instants are kept as ISO 8601 text, truth values as 0 and 1."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._named():
            self._connection = sqlite3.connect(file, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)

    def frames(self, query: str, rows: int) -> Iterator[pl.DataFrame]:
        with self._named():
            cursor = self._connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            while found := cursor.fetchmany(rows):
                yield pl.DataFrame(found, schema=names, orient="row", infer_schema_length=None, strict=False)

    def done(self, batch: str) -> tuple[PartDone, ...]:
        with self._named():
            self._make_parts()
            found = self._connection.execute(
                f"SELECT part, scored, refused, flagged FROM {PARTS} WHERE batch = ? ORDER BY part",  # noqa: S608
                (batch,),
            )
            return parts_of(found.fetchall())

    def write(self, batch: str, part: PartDone, tables: dict[str, pl.DataFrame]) -> None:
        with self._named(), self._transaction():
            self._make_parts()
            for table, frame in tables.items():
                self._append(table, frame.select(pl.lit(batch).alias(BATCH), pl.all()))
            self._connection.execute(
                f"INSERT INTO {PARTS} ({PART_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608 - our own names
                (batch, part.index, part.scored, part.refused, part.flagged),
            )

    def remove(self, batch: str, tables: tuple[str, ...]) -> None:
        with self._named(), self._transaction():
            self._make_parts()
            for table in tables:
                if self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                    self._connection.execute(f"DELETE FROM {quoted(table)} WHERE {BATCH} = ?", (batch,))  # noqa: S608
            self._connection.execute(f"DELETE FROM {PARTS} WHERE batch = ?", (batch,))  # noqa: S608

    def close(self) -> None:
        self._connection.close()

    def _append(self, table: str, frame: pl.DataFrame) -> None:
        plain = frame.with_columns(pl.col(pl.Datetime).dt.to_string("iso:strict"), pl.col(pl.Boolean).cast(pl.Int64))
        columns = ", ".join(f"{quoted_column(name)} {_type(dtype)}" for name, dtype in plain.schema.items())
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({columns})")
        names = ", ".join(map(quoted_column, plain.columns))
        marks = ", ".join("?" for _ in plain.columns)
        self._connection.executemany(
            f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})",  # noqa: S608 - quoted names
            plain.iter_rows(),
        )

    def _make_parts(self) -> None:
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS {PARTS} (batch TEXT, part INTEGER, scored INTEGER, refused INTEGER,"
            " flagged INTEGER, PRIMARY KEY (batch, part))"
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SourceError(f"the database {self._file} refused", why=str(error)) from error


def _type(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "INTEGER"
    return "REAL" if dtype.is_numeric() else "TEXT"
