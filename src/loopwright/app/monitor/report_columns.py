"""Columns of late beside the reference: shares over its bins, missing values, quantiles; the most moved first."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from loopwright.app.monitor.report_rules import effect_of
from loopwright.app.observed import answered, model_columns, prediction_column
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.schema import Column, Signature
from loopwright.monitoring.bins import Bins
from loopwright.monitoring.joined import join_labels
from loopwright.monitoring.reference import LABEL, PREDICTION, ColumnReference, Reference, label_values
from loopwright.monitoring.rules.rule import DAY
from loopwright.observations.labels import latest_labels
from loopwright.stats.arrays import AnyArray, Floats, floats
from loopwright.stats.distances import total_variation

if TYPE_CHECKING:
    import polars as pl

SHOWN = 40
"""Columns that are told with a picture."""
DAYS = 7
MOST_ROWS = 200_000
_QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
_LEVELS = 24


class ColumnView(msgspec.Struct, frozen=True, kw_only=True):
    """One column, of late and in the reference.

    Attributes:
        name: The feature's, `(prediction)` or `(label)`.
        ordered: Whether its values lie on a line.
        effect: How far it is from the reference, on the report rule's scale; total variation where no rule reports.
        moved: Whether the report rule calls it moved.
        rows: Rows of late that were counted.
        labels: Names of the bins without the missing one: a number's lower bounds, or levels; (n_bins,).
        reference, current: Shares of the rows that have a value; (n_bins,) each.
        missing, missing_reference: Share of rows without a value, or of a level that training had not.
        quantiles: By their name: in the reference (from its bins) and of late.
        figures: Whatever else the report rule says of it.
    """

    name: str
    ordered: bool
    effect: float | None
    moved: bool
    rows: int
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    missing: float | None
    missing_reference: float | None
    quantiles: dict[str, tuple[float | None, float | None]] = {}
    figures: dict[str, Any] = {}


def columns_seen(
    workspace: Workspace,
    endpoint: str,
    *,
    version: str,
    signature: Signature,
    reference: Reference,
    until: Micros,
    said: Sequence[Mapping[str, Any]] = (),
) -> tuple[ColumnView, ...]:
    """The columns that moved furthest, at most `SHOWN`, and the answers whatever their place.

    Args:
        workspace: Whose log is read: requests of at most the last `DAYS` days, at most about `MOST_ROWS` of them.
        endpoint: Whose requests.
        version: The champion whose answers count.
        signature: Its contract.
        reference: Of its bundle.
        until: The end of the period.
        said: The lines of the last report, one a column; may be empty.
    """
    rows = latest_rows(workspace, endpoint, version=version, until=until)
    lines = {str(line["column"]): line for line in said if "column" in line}
    ranked = sorted(reference.columns, key=lambda column: -(effect_of(lines.get(column.name, {})) or 0.0))
    shown = [column for place, column in enumerate(ranked) if place < SHOWN or column.name in (PREDICTION, LABEL)]
    values = _values(rows, signature, {column.name for column in shown})
    values |= _labels(workspace, endpoint, rows=rows, signature=signature)
    known = {column.name: column for column in signature.features}
    views = [
        _view(
            column,
            values.get(column.name),
            lines.get(column.name, {}),
            labels=bin_labels(column, known.get(column.name), signature),
        )
        for column in shown
        if column.name in values or column.name in lines
    ]
    return tuple(sorted(views, key=lambda view: -(view.effect or 0.0)))


def latest_rows(workspace: Workspace, endpoint: str, *, version: str, until: Micros) -> "pl.DataFrame":
    """Answered requests, whole days back from `until` until there are enough."""
    import polars as pl

    found: list[pl.DataFrame] = []
    for back in range(DAYS):
        rows = answered(
            workspace.stores.tables, endpoint, version=version, since=until - (back + 1) * DAY, until=until - back * DAY
        )
        if rows.height:
            found.append(rows.gather_every(-(-rows.height // MOST_ROWS)))
        if sum(frame.height for frame in found) >= MOST_ROWS:
            break
    return pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()


def _values(rows: "pl.DataFrame", signature: Signature, wanted: set[str]) -> dict[str, AnyArray]:
    if not rows.height:
        return {}
    kept = tuple(column for column in signature.features if column.name in wanted)
    values: dict[str, AnyArray] = dict(model_columns(rows, msgspec.structs.replace(signature, features=kept)))
    values[PREDICTION] = prediction_column(rows, signature)
    return values


def _labels(workspace: Workspace, endpoint: str, *, rows: "pl.DataFrame", signature: Signature) -> dict[str, AnyArray]:
    """What became of these requests, as far as it is known."""
    if not rows.height:
        return {}
    first = int(rows["at"].cast(int).min() or 0)  # type: ignore[arg-type]
    labels = latest_labels(workspace.stores.tables, endpoint, learned_since=first, chosen=False)
    if not labels.height:
        return {}
    joined = join_labels(rows, labels, np.zeros(rows.height))
    return {LABEL: label_values(joined.label, signature.task, signature.classes)} if joined.label.size else {}


def _view(
    column: ColumnReference,
    values: AnyArray | None,
    line: Mapping[str, Any],
    *,
    labels: tuple[str, ...],
) -> ColumnView:
    before = floats(column.counts)
    now = np.zeros(column.bins.count) if values is None else _counted(column, values)
    effect = effect_of(line)
    if effect is None and before.sum() > 0 and now.sum() > 0:
        effect = float(total_variation(before, now))
    numbers = floats(values) if values is not None and column.bins.ordered else np.empty(0)
    return ColumnView(
        name=column.name,
        ordered=column.bins.ordered,
        effect=effect,
        moved=bool(line.get("moved", False)),
        rows=int(now.sum()),
        labels=labels,
        reference=_shares(before),
        current=_shares(now),
        missing=_last_share(now),
        missing_reference=_last_share(before),
        quantiles=_quantiles(column.bins, before, numbers) if column.bins.ordered else {},
        figures={name: value for name, value in line.items() if name not in ("column", "moved", "effect")},
    )


def bin_labels(column: ColumnReference, declared: Column | None, signature: Signature) -> tuple[str, ...]:
    """Names of a column's bins, the missing one left out: lower bounds of a number, levels of a category."""
    bins = column.bins
    if bins.bin_of_code is None:
        lower = ["below", *(f"{edge:.4g}" for edge in bins.edges)]
        return tuple(lower[: bins.count - 1])
    levels = [str(name) for name in (declared.categories or () if declared else signature.classes)]
    named: dict[int, list[str]] = {}
    for code, place in enumerate(bins.bin_of_code):
        named.setdefault(place, []).append(levels[code] if code < len(levels) else str(code))
    return tuple(_level_name(named.get(place, [])) for place in range(bins.count - 1))


def _level_name(levels: list[str]) -> str:
    if not levels:
        return "new levels"
    return levels[0] if len(levels) == 1 else f"{len(levels)} rare levels"


def _counted(column: ColumnReference, values: AnyArray) -> Floats:
    numbers = floats(values)
    kept = np.isfinite(numbers) if column.name in (PREDICTION, LABEL) else np.ones(numbers.size, dtype=bool)
    return np.bincount(column.bins.place(numbers[kept]), minlength=column.bins.count).astype(np.float64)


def _shares(counts: Floats) -> tuple[float, ...]:
    present = counts[:-1]
    return tuple((present / max(float(present.sum()), 1.0)).round(6).tolist())


def _last_share(counts: Floats) -> float | None:
    total = float(counts.sum())
    return float(counts[-1]) / total if total else None


def _quantiles(bins: Bins, counts: Floats, now: Floats) -> dict[str, tuple[float | None, float | None]]:
    """Of the reference by straight lines within its bins, of late as they are."""
    finite = now[np.isfinite(now)]
    edges = floats(bins.edges)
    inner = counts[1 : edges.size] if edges.size > 1 else np.empty(0)
    below = np.concatenate(([0.0], np.cumsum(inner)))
    found: dict[str, tuple[float | None, float | None]] = {}
    for q in _QUANTILES:
        was = float(np.interp(q * below[-1], below, edges)) if edges.size > 1 and below[-1] > 0 else None
        is_now = float(np.quantile(finite, q)) if finite.size else None
        found[f"{100 * q:g} %"] = (was, is_now)
    return found
