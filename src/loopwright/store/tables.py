"""The table seam: append-only rows, scanned by time and columns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from loopwright.core.clock import Micros


class Tables(ABC):
    """Append-only rows of JSON scalars, lists and objects; every row has an integer `at` (microseconds since the epoch).

    Each process appends to its own segment, so writers never wait for one another. A row that was acknowledged survives
    `kill -9`; a row that was being written when the process died is wholly absent. Rows come back in no promised order.

    Raises (any method): NoSpaceError, NoPermissionError.
    """

    @abstractmethod
    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows with one write to the operating system, and return once it has them."""

    @abstractmethod
    def scan(
        self, table: str, *, columns: Sequence[str] | None = None, since: Micros | None = None, until: Micros | None = None
    ) -> pl.DataFrame:
        """Rows with `since <= at < until`. A column that some rows lack is null there; an unknown table is an empty frame
        (with `columns` as null columns where given)."""

    @abstractmethod
    def seal(self, table: str) -> int:
        """Turn every closed or own open segment into Parquet, published by one ledger commit; returns rows sealed."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Tables that have rows, sorted."""

    @abstractmethod
    def close(self) -> None:
        """Close the own segments; appending afterwards opens new ones."""
