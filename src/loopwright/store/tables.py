"""The table seam: append-only rows, scanned by time and columns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.core.clock import Micros

if TYPE_CHECKING:
    import polars as pl


Row = Mapping[str, Any] | msgspec.Struct
"""One row: a mapping, or a struct, whose fields are its columns."""


class SealedPart(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that were sealed together: `first_at` and `last_at` are the first and the last of their times."""

    id: str
    rows: int
    first_at: Micros
    last_at: Micros


class Tables(ABC):
    """Append-only rows of JSON scalars, lists and objects; every row has an integer `at` (microseconds UTC).

    Each process appends to its own segment, so writers never wait for one another. A row that was acknowledged survives
    `kill -9`; a row that was being written when the process died is wholly absent. Rows come back in no promised order.

    Raises (any method): NoSpaceError, NoPermissionError.
    """

    @abstractmethod
    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Append rows with one write to the operating system, and return once it has them."""

    @abstractmethod
    def scan(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
    ) -> "pl.DataFrame":
        """Rows with `since <= at < until`; objects are struct columns with the fields of all rows.

        A column that some rows lack is null there, as is an object without any field. A column whose values
        cannot share a type is their JSON text. An unknown table is an empty frame (with `columns` as null columns where
        given).
        """

    @abstractmethod
    def seal(self, table: str) -> int:
        """Turn every closed or own open segment into Parquet, published by one ledger commit; returns rows sealed.

        A back end may also merge small parts that were sealed before, by further commits.
        """

    @abstractmethod
    def sealed(self, table: str) -> tuple[SealedPart, ...]:
        """What has been sealed of a table and is still there, oldest first."""

    @abstractmethod
    def drop(self, table: str, parts: Sequence[str]) -> int:
        """Remove sealed parts for good, by one ledger commit, and return how many rows they had.

        A part that is not there is passed over. Every scan that begins once this has returned is without them.
        """

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Tables that have rows, sorted."""

    @abstractmethod
    def close(self) -> None:
        """Close the own segments; appending afterwards opens new ones."""
