"""Joining features to rows as of each row's own time: never a row from the future, never one that was not known yet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from loopwright.core.clock import Micros
from loopwright.errors import MissingColumnError, UsageError
from loopwright.features.columns import Floats, Ints
from loopwright.features.ranges import Part, aggregate
from loopwright.features.view import KNOWN_AT, FeatureView
from loopwright.features.windows import Questions, group, ranges

_NEVER = -(2**61)


def join_features(
    base: pl.DataFrame,
    views: Sequence[tuple[FeatureView, pl.DataFrame]],
    *,
    event_time: str,
    known: Micros | str | None = None,
) -> pl.DataFrame:
    """`base` with one column more for each feature of each view: Int64 for counts, Float64 for every other aggregate.

    A row of `base` with event time `at` gets the aggregates of the source's rows of the same entity with event time in
    `[at - over, at)` that were known by then. Where its event time or an entity column is null, its features are null.

    Args:
        base: The rows to add features to, `(n_rows, …)`, in any order; the order stays.
        views: Each view with its source's rows: the entity columns, the view's columns, its event time, and
            `_known_at` (Int64 microseconds).
        event_time: The column of `base` that holds each row's event time (datetime, or integer microseconds).
        known: By when a source's row must have been known: the name of a column of `base`, one instant for all rows, or
            None for each row's own event time. One instant says "as the past is known now": windows go by event time
            alone, as is right for history that was loaded long after it happened.

    Raises:
        MissingColumnError: A column that a view or the call names is not there.
        UsageError: A column has a type that cannot be aggregated or is no time, or two features have one name.
    """
    at = instants(base, event_time, of="the rows that features are joined to")
    asked = _Asked(rows=base, at=at, known=_known_by(base, at, known))
    added: list[pl.Series] = []
    for view, rows in views:
        added.extend(_features_of(view, rows, asked))
    names = [series.name for series in added]
    twice = {name for name in names if names.count(name) > 1 or name in base.columns}
    if twice:
        raise UsageError(
            f"more than one column would be called {sorted(twice)}", why="features get their own names as columns",
            fix="Rename the features in their views.",
        )  # fmt: skip
    return base.with_columns(added)


def instants(frame: pl.DataFrame, column: str, *, of: str) -> pl.Series:
    """A column of times as Int64 microseconds.

    Raises:
        MissingColumnError: There is no such column.
        UsageError: The column holds no times.
    """
    if column not in frame.columns:
        raise MissingColumnError(f"{of} have no column {column!r}", why=f"their columns are {frame.columns}")
    series = frame.get_column(column)
    if series.dtype == pl.Datetime:
        return series.dt.timestamp("us")
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us")).dt.timestamp("us")
    if series.dtype.is_integer():
        return series.cast(pl.Int64)
    raise UsageError(f"column {column!r} of {of} holds {series.dtype}, not times", fix="Use a datetime column.")


def numbers(frame: pl.DataFrame, column: str, *, of: str) -> Floats:
    """A column as `(n_rows,)` floats, NaN where it is null.

    Raises:
        MissingColumnError: There is no such column.
        UsageError: The column holds neither numbers nor booleans.
    """
    if column not in frame.columns:
        raise MissingColumnError(f"{of} have no column {column!r}", why=f"their columns are {frame.columns}")
    series = frame.get_column(column)
    if not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)):
        raise UsageError(
            f"column {column!r} of {of} holds {series.dtype}, which cannot be aggregated",
            fix="Aggregate a column of numbers or booleans.",
        )
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _known_by(base: pl.DataFrame, at: pl.Series, known: Micros | str | None) -> Ints:
    if isinstance(known, str):
        series = instants(base, known, of="the rows that features are joined to")
        return series.fill_null(_NEVER).to_numpy()
    if known is None:
        return at.fill_null(_NEVER).to_numpy()
    return np.full(len(base), known, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The rows that features are joined to, the event time of each, and by when what must have been known."""

    rows: pl.DataFrame
    at: pl.Series
    known: Ints


def _features_of(view: FeatureView, rows: pl.DataFrame, asked: _Asked) -> list[pl.Series]:
    of = f"the rows of {view.source.name!r}, for feature view {view.name!r}"
    codes, wanted = _entity_codes(view, rows, asked.rows, of=of)
    when = instants(rows, view.event_time, of=of)
    timed = when.is_not_null().to_numpy()
    groups = group(
        np.where(timed, codes, -1),
        when.fill_null(0).to_numpy(),
        instants(rows, KNOWN_AT, of=of).fill_null(2**61).to_numpy(),
        columns={column: numbers(rows, column, of=of) for column in view.columns},
    )
    askable = (asked.at.is_not_null() & ~_any_null(asked.rows, view.entities)).to_numpy()
    time = asked.at.fill_null(0).to_numpy()
    entity = np.where(askable, wanted, -1)
    order = np.lexsort((time, entity))
    questions = Questions(entity=entity[order], at=time[order], known=asked.known[order])
    found: dict[Micros, list[Part]] = {a.over: [] for a in view.features.values()}
    for events in groups:
        for over, where in ranges(events, questions, tuple(found)).items():
            found[over].append(Part(events=events, ranges=where))
    added = []
    for name, rule in view.features.items():
        values, there = aggregate(rule, found[rule.over], questions)
        added.append(_series(name, values, there, order=order, askable=askable, whole=rule.kind == "count"))
    return added


def _series(
    name: str, values: Floats, there: np.ndarray, *, order: Ints, askable: np.ndarray, whole: bool
) -> pl.Series:
    """The answers in the order of the base's rows."""
    placed, filled = np.empty_like(values), np.empty(len(values), np.bool_)
    placed[order] = values
    filled[order] = there
    filled &= askable
    series = pl.Series(name, placed.astype(np.int64) if whole else placed)
    return series if filled.all() else series.set(pl.Series(~filled), None)


def _any_null(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    return frame.select(pl.any_horizontal(pl.col(column).is_null() for column in columns).alias("null")).to_series()


def _entity_codes(view: FeatureView, rows: pl.DataFrame, base: pl.DataFrame, *, of: str) -> tuple[Ints, Ints]:
    """Entities as codes from 0, of the source's rows and of the base's; -1 for nulls and for entities without rows."""
    names = list(view.entities)
    for frame, whose in ((rows, of), (base, "the rows that features are joined to")):
        for name in names:
            if name not in frame.columns:
                raise MissingColumnError(
                    f"{whose} have no column {name!r}", why=f"it is the entity of feature view {view.name!r}"
                )
    keys = rows.select(names)
    # Sums run over entities in the order of their codes, and rounding with them: the same data, the same order.
    known = keys.unique(maintain_order=False).drop_nulls().sort(names).with_row_index("_code")
    try:
        wanted = base.select(pl.col(name).cast(rows.schema[name]) for name in names)
    except pl.exceptions.InvalidOperationError as error:
        raise UsageError(
            f"the entity of feature view {view.name!r} has another type in the rows it is joined to", why=str(error)
        ) from error
    return tuple(  # type: ignore[return-value]
        frame.join(known, on=names, how="left", maintain_order="left")
        .get_column("_code").cast(pl.Int64).fill_null(-1).to_numpy()
        for frame in (keys, wanted)
    )  # fmt: skip
