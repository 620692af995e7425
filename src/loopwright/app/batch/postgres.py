"""PostgreSQL, by psycopg: read through a cursor of the server, written by COPY."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.table_rows import BATCH, PART_COLUMNS, PARTS, parts_of, quoted, quoted_column
from loopwright.errors import MissingExtraError, SourceError

_FETCH = 10_000


class PostgresDatabase:
    """One connection. The password comes with the address, from PGPASSWORD, or from ~/.pgpass."""

    def __init__(self, address: str) -> None:
        self._driver: Any = _driver()
        try:
            self._driver.conninfo.conninfo_to_dict(address)
        except self._driver.ProgrammingError:  # what the driver says of it quotes the password
            raise SourceError(
                "the address is none of PostgreSQL's",
                why="a part of it cannot be read",
                fix="Write postgresql://USER@HOST:PORT/DATABASE, and signs such as % @ / of a password as %25 %40 %2F.",
            ) from None
        with self._named():
            self._connection = self._driver.connect(address, autocommit=True, connect_timeout=10)

    def frames(self, query: str, rows: int) -> Iterator[pl.DataFrame]:
        with self._named(), self._connection.transaction(), self._connection.cursor(name="loopwright_batch") as cursor:
            cursor.itersize = _FETCH
            cursor.execute(query)
            names = [column.name for column in cursor.description or ()]
            while found := cursor.fetchmany(rows):
                yield pl.DataFrame(found, schema=names, orient="row", infer_schema_length=None, strict=False)

    def done(self, batch: str) -> tuple[PartDone, ...]:
        with self._named():
            self._make_parts()
            found = self._connection.execute(
                f"SELECT part, scored, refused, flagged FROM {PARTS} WHERE batch = %s ORDER BY part",  # noqa: S608
                (batch,),
            )
            return parts_of(found.fetchall())

    def write(self, batch: str, part: PartDone, tables: dict[str, pl.DataFrame]) -> None:
        with self._named(), self._connection.transaction():
            self._make_parts()
            for table, frame in tables.items():
                self._append(table, frame.select(pl.lit(batch).alias(BATCH), pl.all()))
            self._connection.execute(
                f"INSERT INTO {PARTS} ({PART_COLUMNS}) VALUES (%s, %s, %s, %s, %s)",  # noqa: S608 - our own names
                (batch, part.index, part.scored, part.refused, part.flagged),
            )

    def remove(self, batch: str, tables: tuple[str, ...]) -> None:
        with self._named(), self._connection.transaction():
            self._make_parts()
            for table in tables:
                if self._connection.execute("SELECT to_regclass(%s)", (quoted(table),)).fetchone()[0]:
                    self._connection.execute(f"DELETE FROM {quoted(table)} WHERE {BATCH} = %s", (batch,))  # noqa: S608
            self._connection.execute(f"DELETE FROM {PARTS} WHERE batch = %s", (batch,))  # noqa: S608

    def close(self) -> None:
        self._connection.close()

    def _append(self, table: str, frame: pl.DataFrame) -> None:
        columns = ", ".join(f"{quoted_column(name)} {_type(dtype)}" for name, dtype in frame.schema.items())
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({columns})")
        names = ", ".join(map(quoted_column, frame.columns))
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {quoted(table)} ({names}) FROM STDIN") as copy:
            for row in frame.iter_rows():
                copy.write_row(row)

    def _make_parts(self) -> None:
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS {PARTS} (batch TEXT, part BIGINT, scored BIGINT, refused BIGINT,"
            " flagged BIGINT, PRIMARY KEY (batch, part))"
        )

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            why = str(error).strip().splitlines()
            raise SourceError("the PostgreSQL database refused", why=why[0] if why else type(error).__name__) from error


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError(
            "PostgreSQL needs its driver", fix="Install it with: pip install 'loopwright[postgres]'"
        ) from error
    return psycopg


def _type(dtype: pl.DataType) -> str:
    if dtype == pl.Boolean:
        return "BOOLEAN"
    if dtype.is_integer():
        return "BIGINT"
    if dtype.is_numeric():
        return "DOUBLE PRECISION"
    if isinstance(dtype, pl.Datetime):
        return "TIMESTAMPTZ" if dtype.time_zone else "TIMESTAMP"
    return "DATE" if dtype == pl.Date else "TEXT"
