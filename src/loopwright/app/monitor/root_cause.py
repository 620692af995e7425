"""Where to look when an incident opens: what moved most, since when, in which rows, and what was changed before it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import polars as pl

from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.upstream import upstream
from loopwright.app.observed import model_columns, prediction_column
from loopwright.app.retraining.change_point import change_of
from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.change_in_rows import as_series, change_in_rows
from loopwright.monitoring.explanation import Explanation, MovedColumn, Segment, Upstream
from loopwright.monitoring.incident import Incident
from loopwright.monitoring.mending import MODEL
from loopwright.monitoring.reference import PREDICTION
from loopwright.monitoring.rules.rule import DAY, MonitorRule
from loopwright.monitoring.segments import LEAST_ROWS, MOST_VALUES, Split, segments_of, strongest
from loopwright.stats.arrays import Floats, floats

COLUMNS = 12
TARGETS = 3
LOOK_BACK: Micros = 60 * DAY
MOST_ROWS = 50_000
"""Rows on either side of the change that segments are sought in; more are thinned evenly."""
_T = TypeVar("_T")


def explained(look: Look, looks: Mapping[MonitorRule, Judged], incident: Incident) -> Explanation:
    """Never raises: what could not be found out is named in `missing`."""
    missing: list[str] = []
    failed = [v for judged in looks.values() for v in judged.verdicts if v.outcome is Outcome.FAIL]
    columns = moved_columns([v for v in failed if v.check in incident.checks])
    changed, by = _stated(failed), "the detector"
    segments: tuple[Segment, ...] = ()
    if changed is None and incident.cause.startswith(MODEL):
        changed = _tried(lambda: _change(look, incident), None, missing)
        by = "the most likely split of the figures"
    if incident.cause.startswith(MODEL):
        since = incident.opened_at if changed is None else changed
        segments = _tried(lambda: _segments(look, columns, at=since, missing=missing), (), missing)
    at = incident.opened_at if changed is None else changed
    before: tuple[Upstream, ...] = _tried(lambda: upstream(look.workspace, at), (), missing)
    return Explanation(
        changed_at=changed,
        changed_by=by if changed is not None else "",
        columns=columns[:COLUMNS],
        segments=segments,
        upstream=before,
        missing=tuple(missing),
    )


def moved_columns(failed: list[Verdict]) -> tuple[MovedColumn, ...]:
    """The columns that verdicts hold responsible, in their order; figures where a verdict lists them."""
    found: dict[str, MovedColumn] = {}
    for verdict in failed:
        listed = {e["column"]: e for e in verdict.details.get("columns", ()) if isinstance(e, dict) and "column" in e}
        for name in verdict.details.get("named", ()):
            entry = listed.get(name, {})
            column = MovedColumn(
                column=str(name),
                check=verdict.check,
                effect=_number(entry.get("effect")),
                evidence=_number(entry.get("evidence")),
            )
            found.setdefault(column.column, column)
    return tuple(found.values())


def _segments(look: Look, columns: tuple[MovedColumn, ...], *, at: Micros, missing: list[str]) -> tuple[Segment, ...]:
    rows = look.answered(at - LOOK_BACK)
    if not rows.height:
        missing.append("segments: no row of this version")
        return ()
    times = rows["event_time"].cast(pl.Int64)
    before, after = (_thinned(rows.filter(side)) for side in (times < at, times >= at))
    if min(before.height, after.height) < LEAST_ROWS:
        missing.append(f"segments: {before.height} rows before the change and {after.height} after it are too few")
        return ()
    split = Split(before=_categories(before), after=_categories(after))
    old, new = (model_columns(part, look.signature) | {PREDICTION: _prediction(part, look)} for part in (before, after))
    codes = {column.name for column in look.signature.features if column.categories is not None}
    wanted = [c.column for c in columns if c.column in old][:TARGETS] or [PREDICTION]
    found: list[Segment] = []
    for name in wanted:
        target, was, now = strongest(name, floats(old[name]), floats(new[name]), coded=name in codes)
        found += segments_of(target, was, now, split=split, without=name)
    found.sort(key=lambda segment: segment.share_after - segment.carries)
    return tuple(found[:5])


def _prediction(rows: pl.DataFrame, look: Look) -> Floats:
    return floats(prediction_column(rows, look.signature))


def _thinned(rows: pl.DataFrame) -> pl.DataFrame:
    return rows if rows.height <= MOST_ROWS else rows.gather_every(-(-rows.height // MOST_ROWS))


def _categories(rows: pl.DataFrame) -> dict[str, list[str]]:
    """Columns of text, truth values and few whole numbers, of what was sent and what the model saw."""
    found: dict[str, list[str]] = {}
    for place in ("features", "inputs"):
        if not isinstance(rows.schema.get(place), pl.Struct):
            continue
        for name in rows[place].struct.fields:
            values = rows[place].struct.field(name)
            named = values.dtype in (pl.String, pl.Boolean, pl.Categorical) or values.dtype.is_integer()
            if named and values.n_unique() <= MOST_VALUES:
                found[name] = values.cast(pl.String).fill_null("(missing)").to_list()
    return found


def _change(look: Look, incident: Incident) -> Micros | None:
    """By the day; where there are too few days, or none stands out, by rows."""
    by_day = change_of(look.workspace, look.loop.name, look.version, incident=incident)
    if by_day is not None:
        return by_day
    rows = look.answered(incident.opened_at - LOOK_BACK)
    if not rows.height:
        return None
    columns = model_columns(rows, look.signature) | {PREDICTION: _prediction(rows, look)}
    codes = {column.name for column in look.signature.features if column.categories is not None}
    named = [name for name in incident.columns if name in columns] or [PREDICTION]
    series = [one for name in named for one in as_series(columns[name], coded=name in codes)]
    return change_in_rows(series, rows["event_time"].cast(pl.Int64).to_numpy())


def _stated(failed: list[Verdict]) -> Micros | None:
    """When the stream changed, where a detector says so."""
    said = [v.details.get("changed_at") for v in failed]
    return next((int(at) for at in said if isinstance(at, int)), None)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _tried(work: Callable[[], _T], otherwise: _T, missing: list[str]) -> _T:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - a named boundary: an incident is told without its explanation
        missing.append(f"{type(error).__name__}: {error}"[:200])
        return otherwise
