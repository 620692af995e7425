"""A database that a batch reads from or writes to: what every one must do, and opening one by its address."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import polars as pl

from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.postgres import PostgresDatabase
from loopwright.app.batch.sqlite import SqliteDatabase
from loopwright.errors import UsageError

_TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")


class Database(Protocol):
    """Rows by query, and tables that take the parts of a batch. One connection, used by one thread at a time.

    Raises (any method): SourceError with the database's own words.
    """

    def frames(self, query: str, rows: int) -> Iterator[pl.DataFrame]:
        """The query's rows in frames of `rows`, all of one moment, read as they are asked for."""

    def done(self, batch: str) -> tuple[PartDone, ...]:
        """The parts of a batch that were kept, in order."""

    def write(self, batch: str, part: PartDone, tables: dict[str, pl.DataFrame]) -> None:
        """Append to tables, which are made where they are not there, and keep the part as finished, in one
        transaction."""

    def remove(self, batch: str, tables: tuple[str, ...]) -> None:
        """Take away the rows of a batch and that its parts are finished."""

    def close(self) -> None:
        """Close the connection."""


def is_database(address: str) -> bool:
    """Whether an address names a database."""
    return address.startswith(("sqlite:", "postgresql:", "postgres:"))


def open_database(address: str) -> Database:
    """Open a database.

    Args:
        address: `sqlite:///FILE` (four slashes for an absolute path), or a PostgreSQL URL.

    Raises:
        UsageError: The address names none.
        SourceError: It cannot be opened.
        MissingExtraError: The driver is not installed.
    """
    if address.startswith("sqlite:"):
        return SqliteDatabase(sqlite_file(address))
    return PostgresDatabase(address)


def sqlite_file(address: str) -> Path:
    """The file of a SQLite address."""
    path = address.removeprefix("sqlite://").removeprefix("/")
    if not address.startswith("sqlite:///") or not path:
        raise UsageError(f"{address!r} names no SQLite file", fix="Write sqlite:///FILE, or sqlite:////ABSOLUTE/FILE.")
    return Path(path)


def without_password(address: str) -> str:
    """The address as it may be written down."""
    if address.startswith("sqlite:"):
        return address
    scheme, _, rest = address.partition("://")
    login, at, place = rest.rpartition("@")  # a password may hold any sign, also where the address is none for it
    return f"{scheme}://{login.partition(':')[0]}{at}{place.partition('?')[0]}"


def checked_table(table: str | None) -> str:
    """A table's name, `NAME` or `SCHEMA.NAME`. Raises UsageError where it is none."""
    if table is None or not _TABLE.fullmatch(table):
        raise UsageError(
            f"{table!r} is no table to write to" if table else "a database needs the name of a table",
            fix="Name it with --table NAME, or SCHEMA.NAME: letters, digits and underscores.",
        )
    return table
