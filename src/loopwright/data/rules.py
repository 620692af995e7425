"""What a landing must satisfy beyond its file format: the contract, the declared columns, the key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from loopwright.data.contract import check, expected_types, refuse
from loopwright.data.dataset import RESERVED_COLUMN, Dataset
from loopwright.data.failure import FIRST, Failure
from loopwright.data.instants import is_time, unsayable
from loopwright.errors import DuplicateKeyError

_SAYABLE = "a time between the years 1 and 9999"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRules:
    """Every rule that a landing breaks.

    Attributes:
        dataset: Whose.
        failures: Rules of columns and rows.
        duplicates: The failure of the key's uniqueness, told apart because it has an error of its own.
        keys: (n_rows,) key values as text, for naming rows; None without a key.
    """

    dataset: str
    failures: tuple[Failure, ...]
    duplicates: Failure | None
    keys: pl.Series | None

    def refuse(self, place: Callable[[int], str]) -> None:
        """Raise what names every broken rule; return where none is broken.

        Args:
            place: Tells a position as file and line.

        Raises:
            DuplicateKeyError: Only the key is not unique.
            MissingColumnError: Only columns are missing.
            ContractError: Anything else.
        """

        def told(position: int) -> str:
            return place(position) if self.keys is None else f"{place(position)} key {self.keys[position]}"

        every = [*self.failures, *([self.duplicates] if self.duplicates else [])]
        if self.duplicates is not None and not self.failures:
            shown = self.duplicates.placed(told)
            raise DuplicateKeyError(
                f"dataset {self.dataset!r}: the key {shown.column!r} is not unique within the landing",
                why=shown.sentence(),
                dataset=self.dataset,
                failures=[{**shown.counted(), "places": list(shown.places)}],
            )
        refuse([failure.placed(told) for failure in every], dataset=self.dataset)


def types_for(dataset: Dataset) -> dict[str, pl.DataType]:
    """The types that the declaration demands."""
    return expected_types(dataset.contract)


def broken_rules(frame: pl.DataFrame, dataset: Dataset, failures: Sequence[Failure] = ()) -> BrokenRules:
    """Every rule of the declaration that the frame breaks.

    Args:
        frame: (n_rows, n_columns), typed.
        dataset: The declaration.
        failures: What reading found already. A value that could not be read is null in the frame; that is not told
            twice.
    """
    found = [f for f in check(frame, dataset.contract) if not (f.column == dataset.key and f.rule == "unique")]
    found = [*failures, *_untold(found, failures)]
    named = {failure.column for failure in found if failure.rule == "column missing"}
    for column in dict.fromkeys((dataset.key, dataset.event_time, dataset.known_at)):
        if column is not None and column not in frame.columns and column not in named:
            found.append(Failure(column=column, rule="column missing"))
    found += _untold(_column_rules(frame, dataset, {(f.column, f.rule) for f in found}), failures)
    keys = None
    if dataset.key is not None and dataset.key in frame.columns:
        keys = frame[dataset.key].cast(pl.String, strict=False)
    return BrokenRules(dataset=dataset.name, failures=tuple(found), duplicates=_duplicates(frame, dataset), keys=keys)


def _untold(found: Sequence[Failure], failures: Sequence[Failure]) -> list[Failure]:
    """Without what only follows from a failure of reading: the nulls that it left, and the column's type."""
    unread: dict[str, int] = {}
    for failure in failures:
        unread[failure.column] = unread.get(failure.column, 0) + failure.rows
    missing = {failure.column for failure in failures if failure.rule == "column missing"}
    left = []
    for failure in found:
        rows = failure.rows - (unread.get(failure.column, 0) if failure.rule == "not null" else 0)
        follows = failure.column in unread and (failure.rows == 0 or rows <= 0 or failure.column in missing)
        if not follows:
            left.append(msgspec.structs.replace(failure, rows=rows))
    return left


def _column_rules(frame: pl.DataFrame, dataset: Dataset, told: set[tuple[str, str]]) -> list[Failure]:
    found = _unsayable_times(frame, dataset)
    if RESERVED_COLUMN in frame.columns:
        found.append(Failure(column=RESERVED_COLUMN, rule="a reserved name"))
    for column in (dataset.event_time, dataset.known_at):
        if column in frame.columns and not is_time(frame.schema[column]):
            found.append(Failure(column=str(column), rule=f"a time, found {frame.schema[column]}"))
    for column in (dataset.key, dataset.event_time):
        if column is None or column not in frame.columns or (column, "not null") in told:
            continue
        if frame[column].null_count():
            rows = frame[column].is_null().arg_true()
            found.append(
                Failure(column=column, rule="not null", rows=len(rows), positions=tuple(rows.head(FIRST).to_list()))
            )
    return found


def _unsayable_times(frame: pl.DataFrame, dataset: Dataset) -> list[Failure]:
    """Times of years that there are not, in any column: nothing could show them."""
    times = {column for column, dtype in frame.schema.items() if dtype == pl.Date or isinstance(dtype, pl.Datetime)}
    times |= {c for c in (dataset.event_time, dataset.known_at) if c in frame.columns and is_time(frame.schema[c])}
    found = []
    for column in sorted(times):
        rows = unsayable(frame[column]).arg_true()
        if len(rows):
            first = tuple(rows.head(FIRST).to_list())
            found.append(Failure(column=column, rule=_SAYABLE, rows=len(rows), positions=first))
    return found


def _duplicates(frame: pl.DataFrame, dataset: Dataset) -> Failure | None:
    """Rows that share a key (and, where rows have a known-at of their own, that too)."""
    identity = [column for column in (dataset.key, dataset.known_at) if column is not None]
    if dataset.key is None or any(column not in frame.columns for column in identity):
        return None
    keyed = frame.select(identity)
    if not keyed.is_duplicated().any():
        return None
    rows = (keyed.is_duplicated() & keyed[dataset.key].is_not_null()).arg_true()
    if rows.len() == 0:
        return None
    return Failure(column=dataset.key, rule="unique", rows=len(rows), positions=tuple(rows.head(FIRST).to_list()))
