"""The declaration of a dataset: a name, where its files lie, and what its rows promise."""

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from loopwright.core.clock import Micros, parse_duration
from loopwright.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
RESERVED_COLUMN = "_known_at"
"""The column that `read` adds: microseconds at which the row became known."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows by name. With a key it is an upsert log: a version is the latest row of each key as of a known-at time.

    Args:
        name: Letters, digits, `_`, `.` and `-`.
        source: A file, a glob or a list of these, relative to the project; CSV (UTF-8) or Parquet. Nothing for a
            dataset that is filled by pushes only.
        contract: A pandera.polars DataFrameModel that every landed row must satisfy.
        key: The column that identifies a row; unique within one landing, upserted by later ones.
        event_time: The column that says when the thing happened (a datetime, a date, or microseconds since the epoch).
        known_at: The column that says when the row became known; where it is null, or no column is declared, the
            landing's own time counts.
        fresh_within: The age of the newest event time above which the dataset is stale, as `2d`.

    Raises:
        UsageError: An argument is not what is described above.
    """

    name: str
    _: KW_ONLY
    source: str | Path | Sequence[str | Path] = ()
    contract: Any = None
    key: str | None = None
    event_time: str | None = None
    known_at: str | None = None
    fresh_within: str | None = None

    def __post_init__(self) -> None:
        self._check_name()
        self._check_columns()
        if (
            self.contract is not None
            and not hasattr(self.contract, "to_schema")
            and not hasattr(self.contract, "columns")
        ):
            raise UsageError(
                f"dataset {self.name!r} has a contract that is not a pandera model: {self.contract!r}",
                fix="Pass a class that derives from pandera.polars.DataFrameModel, or leave `contract` out.",
            )
        self.fresh_within_us()
        object.__setattr__(self, "source", self._patterns())

    @property
    def patterns(self) -> tuple[str, ...]:
        """The source as a tuple of paths and globs, relative to the project."""
        return self._patterns()

    def fresh_within_us(self) -> Micros | None:
        """`fresh_within` in microseconds."""
        if self.fresh_within is None:
            return None
        try:
            return parse_duration(self.fresh_within)
        except (ValueError, TypeError) as error:
            raise UsageError(
                f"dataset {self.name!r}: fresh_within={self.fresh_within!r} is not a duration", why=str(error)
            ) from error

    def _check_name(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} is not a name for a dataset",
                why="a name starts with a letter or a digit and holds letters, digits, '_', '.' and '-'",
                fix="Choose a name such as 'flights'.",
            )

    def _check_columns(self) -> None:
        for argument in ("key", "event_time", "known_at"):
            column = getattr(self, argument)
            if column is None:
                continue
            if not isinstance(column, str):
                raise UsageError(f"dataset {self.name!r}: {argument} must name one column, not {column!r}")
            if column == RESERVED_COLUMN:
                raise UsageError(
                    f"dataset {self.name!r}: {argument} may not be {RESERVED_COLUMN!r}",
                    why="that is the column which reading a version adds",
                    fix="Rename the column in the data.",
                )

    def _patterns(self) -> tuple[str, ...]:
        given = (self.source,) if isinstance(self.source, str | Path) else self.source
        if not isinstance(given, Sequence) or not all(isinstance(one, str | Path) and str(one) for one in given):
            raise UsageError(
                f"dataset {self.name!r}: source={self.source!r} is neither a path, a glob nor a list of these",
                fix="Pass source='data/*.parquet'.",
            )
        return tuple(str(one) for one in given)
