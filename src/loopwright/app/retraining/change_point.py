"""When the stream changed that an incident is about: the most likely split of the daily figures of what it names."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from loopwright.app.observed import answered, model_columns, prediction_column
from loopwright.app.versions import manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.monitoring.incident import Incident
from loopwright.monitoring.reference import LABEL, PREDICTION, label_values
from loopwright.monitoring.rules.rule import DAY
from loopwright.observations.labels import latest_labels, with_labels
from loopwright.stats.arrays import AnyArray, Floats
from loopwright.stats.change_point import most_likely_change

LOOK_BACK: Micros = 120 * DAY
LEAST_ROWS_A_DAY = 20
MOST_LEVELS = 8


def change_of(workspace: Workspace, endpoint: str, version: Digest, *, incident: Incident) -> Micros | None:
    """The day on which the columns of an incident changed their level, as an instant; None where no day stands out.

    Requests that the champion answered in the 120 days before the incident's newest sign are looked at: daily means of
    numbers, daily shares of the commonest levels of categories. An incident that names no column is judged by the
    answers and by every feature.

    Args:
        workspace: Where the request log is.
        endpoint: Whose.
        version: The champion under watch.
        incident: What was found.
    """
    rows = answered(
        workspace.stores.tables,
        endpoint,
        version=version,
        since=incident.updated_at - LOOK_BACK,
        until=workspace.clock.now() + 1,
    )
    if not rows.height:
        return None
    signature = manifest_of(workspace, version).signature
    days = rows["event_time"].cast(pl.Int64).to_numpy() // DAY
    series = _series(rows, signature, incident.columns)
    if LABEL in incident.columns:
        series.append(_labels(workspace, endpoint, rows, signature=signature))
    # Days count alike: what differs between days is more than what differs between the rows of one.
    figures, first = daily_figures(series, days)
    found = most_likely_change(figures)
    return None if found is None else (first + found.index) * DAY


def daily_figures(series: Sequence[AnyArray], days: AnyArray) -> tuple[Floats, int]:
    """Means by day, (n_days, n_series), and the first day.

    Args:
        series: (n_rows,) each; NaN is no value.
        days: (n_rows,) the day of each row.

    Days with fewer than `LEAST_ROWS_A_DAY` rows have no figures.
    """
    first = int(days.min())
    place = (days - first).astype(np.int64)
    length = int(place.max()) + 1
    made = np.full((length, len(series)), np.nan)
    for index, values in enumerate(series):
        known = np.isfinite(values)
        count = np.bincount(place[known], minlength=length)
        total = np.bincount(place[known], weights=values[known], minlength=length)
        with np.errstate(invalid="ignore", divide="ignore"):
            made[:, index] = np.where(count >= LEAST_ROWS_A_DAY, total / count, np.nan)
    return made, first


def _series(rows: pl.DataFrame, signature: Signature, named: Sequence[str]) -> list[AnyArray]:
    """What is averaged by the day: (n_rows,) each."""
    columns = model_columns(rows, signature)
    chosen = [column for column in signature.features if not named or column.name in named]
    found = [one for column in chosen for one in _of_column(columns[column.name], column)]
    if not named or PREDICTION in named or not found:
        found.append(prediction_column(rows, signature).astype(np.float64))
    return found


def _labels(workspace: Workspace, endpoint: str, rows: pl.DataFrame, *, signature: Signature) -> AnyArray:
    """(n_rows,) what became of the rows, as monitoring counts it; NaN where it is not known."""
    found = np.full(rows.height, np.nan)
    told = with_labels(rows.with_row_index("_place"), latest_labels(workspace.stores.tables, endpoint, chosen=False))
    if told.height:
        values = label_values(told["label"].to_numpy(), signature.task, signature.classes)
        found[told["_place"].to_numpy()] = values
    return found


def _of_column(values: AnyArray, column: Column) -> list[AnyArray]:
    """A number as it is, a category as one share for each of its commonest levels."""
    if column.categories is None or column.kind not in ("category", "string"):
        return [values.astype(np.float64)]
    levels, counts = np.unique(values, return_counts=True)
    commonest = levels[np.argsort(-counts, kind="stable")][:MOST_LEVELS]
    return [(values == level).astype(np.float64) for level in commonest]
