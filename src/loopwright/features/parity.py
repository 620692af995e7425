"""Did serving compute what training would have? Logged features against the join over history, at the same instants."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import polars as pl

from loopwright.core.codec import plain
from loopwright.errors import MissingColumnError
from loopwright.features.columns import Floats
from loopwright.features.join import join_features, numbers
from loopwright.features.view import AggregateKind, FeatureView

ROUNDED: frozenset[AggregateKind] = frozenset({"mean", "sum", "std"})
"""Aggregates that may differ by rounding; every other one must be equal."""
_EVENT_TIME, _KNOWN = "_event_time", "_received_at"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One request whose logged value is not the recomputed one."""

    request_id: str
    logged: float | None
    recomputed: float | None


class FeatureParity(msgspec.Struct, frozen=True, kw_only=True):
    """One feature over all requests.

    Attributes:
        feature: Its name.
        kind: Its aggregate.
        rows: Requests compared.
        equal: Requests whose two values are identical (null with null too).
        agreeing: Requests whose values are identical or, for a mean, sum or std, within the tolerance.
        largest_relative: The largest relative difference where both have a value.
        first: The first requests that disagree.
    """

    feature: str
    kind: AggregateKind
    rows: int
    equal: int
    agreeing: int
    largest_relative: float
    first: tuple[Difference, ...]

    @property
    def mismatches(self) -> int:
        return self.rows - self.agreeing


class ParityReport(msgspec.Struct, frozen=True, kw_only=True):
    """All features. No request compared is no parity shown."""

    rows: int
    tolerance_ratio: float
    features: tuple[FeatureParity, ...]

    @property
    def mismatches(self) -> int:
        return sum(feature.mismatches for feature in self.features)

    @property
    def holds(self) -> bool:
        return self.rows > 0 and self.mismatches == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One feature as logged and as recomputed, request by request; NaN is null."""

    ids: Sequence[str]
    logged: Floats
    again: Floats


def compare_features(
    logged: pl.DataFrame,
    views: Sequence[tuple[FeatureView, pl.DataFrame]],
    *,
    tolerance_ratio: float = 1e-9,
    show: int = 5,
) -> ParityReport:
    """Recompute the features of logged requests from history.

    Args:
        logged: Rows of the `requests` table: `request_id`, `event_time` and `at` (integer microseconds), `inputs` (with
            the entity columns) and `features` (objects or JSON text), all of versions with these views.
        views: As for `join_features`; the frames must hold every row that was known when the last request came in.
        tolerance_ratio: The largest relative difference at which a mean, sum or std still agrees.
        show: How many requests that disagree to name, for each feature.

    Raises:
        MissingColumnError: The log lacks a column, an entity or a feature.
        UsageError: As `join_features`.
    """
    for name in ("request_id", "event_time", "at", "inputs", "features"):
        if name not in logged.columns:
            raise MissingColumnError(f"the logged requests have no column {name!r}")
    inputs, given = _object(logged.get_column("inputs")), _object(logged.get_column("features"))
    entities = list(dict.fromkeys(name for view, _ in views for name in view.entities))
    for name in entities:
        if name not in inputs.columns:
            raise MissingColumnError(
                f"the inputs of the logged requests have no {name!r}", why="a view has it as entity"
            )
    base = inputs.select(entities).with_columns(
        logged.get_column("event_time").alias(_EVENT_TIME), logged.get_column("at").alias(_KNOWN)
    )
    again = join_features(base, views, event_time=_EVENT_TIME, known=_KNOWN)
    ids = logged.get_column("request_id").cast(pl.String).to_list()
    features = tuple(
        _compared(
            name,
            rule.kind,
            _Pair(ids=ids, logged=_values(given, name), again=_values(again, name)),
            tolerance_ratio=tolerance_ratio,
            show=show,
        )
        for view, _ in views
        for name, rule in view.features.items()
    )
    return ParityReport(rows=len(logged), tolerance_ratio=tolerance_ratio, features=features)


def _object(column: pl.Series) -> pl.DataFrame:
    """A column of objects as a frame of their fields."""
    if isinstance(column.dtype, pl.Struct):
        return column.struct.unnest()
    values: list[dict[str, Any]] = [plain(text) if text else {} for text in column.cast(pl.String).to_list()]
    names = dict.fromkeys(name for value in values for name in value)
    return pl.DataFrame({name: [value.get(name) for value in values] for name in names}, strict=False)


def _values(frame: pl.DataFrame, name: str) -> Floats:
    return numbers(frame, name, of="the features of the logged requests")


def _compared(name: str, kind: AggregateKind, pair: _Pair, *, tolerance_ratio: float, show: int) -> FeatureParity:
    logged, again = pair.logged, pair.again
    neither = np.isnan(logged) & np.isnan(again)
    equal = neither | (logged == again)
    scale = np.maximum(np.abs(logged), np.abs(again))
    relative = np.where(equal, 0.0, np.abs(logged - again) / np.where(scale > 0, scale, 1.0))
    agreeing = equal | (relative <= tolerance_ratio) if kind in ROUNDED else equal
    both = np.isfinite(relative)
    first = np.flatnonzero(~agreeing)[:show]
    return FeatureParity(
        feature=name,
        kind=kind,
        rows=len(logged),
        equal=int(equal.sum()),
        agreeing=int(agreeing.sum()),
        largest_relative=float(relative[both].max(initial=0.0)),
        first=tuple(
            Difference(request_id=pair.ids[i], logged=_or_none(logged[i]), recomputed=_or_none(again[i])) for i in first
        ),
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
