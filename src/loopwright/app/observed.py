"""Logged requests as the columns that the model saw: what drift is measured on and what models are compared on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from loopwright.core.clock import Micros
from loopwright.core.schema import Column, Signature
from loopwright.monitoring.reference import prediction_values
from loopwright.observations.request_log import TABLE, without_shadows
from loopwright.serving.arms import DEFAULT
from loopwright.store.tables import Tables

_ASKED = ("endpoint", "status", "version", "arm", "shadow_of", "output")


def answered(
    tables: Tables,
    endpoint: str,
    *,
    version: str | None = None,
    since: Micros | None = None,
    until: Micros | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Requests that a model answered with a prediction, in order of event time.

    No shadow's copies, no declared defaults, no streams.

    Args:
        tables: Where the request log is.
        endpoint: Whose.
        version: Only those that this model answered.
        since, until: A half-open span of *receipt* time.
        columns: Which to read; all that there are where None.
    """
    wanted = None if columns is None else list(dict.fromkeys([*columns, *_ASKED]))
    rows = tables.scan(TABLE, columns=wanted, since=since, until=until)
    if not rows.height:
        return rows
    kept = (pl.col("endpoint") == endpoint) & (pl.col("status") == 200)
    if version is not None:
        kept = kept & (pl.col("version") == version)
    if "ended" in _fields(rows, "output"):
        kept = kept & pl.col("output").struct.field("ended").is_null()
    kept = kept & (pl.col("arm") != DEFAULT)
    return without_shadows(rows).filter(kept).sort("event_time", maintain_order=True)


def model_columns(rows: pl.DataFrame, signature: Signature) -> dict[str, np.ndarray]:
    """The model's features as numbers by name, (n_rows,) each: codes for categories, NaN for nulls.

    Args:
        rows: Rows of the request log, with the structs `inputs` and `features`.
        signature: The model's contract.
    """
    return {column.name: _numbers(column_of(rows, column.name), column) for column in signature.features}


def prediction_column(rows: pl.DataFrame, signature: Signature) -> np.ndarray:
    """What is watched of the answers, (n_rows,): see `monitoring.reference.prediction_values`."""
    return prediction_values(scores_of(rows, signature), signature.task)


def scores_of(rows: pl.DataFrame, signature: Signature) -> np.ndarray:
    """(n_rows,) or (n_rows, n_classes) as the model answered; NaN where it gave no such number."""
    if signature.task != "multiclass":
        return rows["score"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    made = np.full((rows.height, len(signature.classes)), np.nan)
    if "probabilities" in _fields(rows, "output"):
        said = rows["output"].struct.field("probabilities")
        known = said.is_not_null().to_numpy()
        made[known] = np.asarray(said.drop_nulls().to_list(), dtype=np.float64).reshape(-1, made.shape[1])
    return made


def column_of(rows: pl.DataFrame, name: str) -> pl.Series:
    """(n_rows,) a column of the model's features or, where it is none, of the requests; nulls where it is neither."""
    for place in ("features", "inputs"):
        if name in _fields(rows, place):
            return rows[place].struct.field(name)
    return pl.Series(name, [None] * rows.height, dtype=pl.Float64)


def _fields(rows: pl.DataFrame, name: str) -> list[str]:
    """The fields of a column of structs; none where it is not one."""
    return rows[name].struct.fields if isinstance(rows.schema.get(name), pl.Struct) else []


def _numbers(values: pl.Series, column: Column) -> np.ndarray:
    if column.categories is not None and column.kind in ("category", "string"):
        levels = list(column.categories)
        codes = values.cast(pl.String).replace_strict(levels, range(len(levels)), default=-1, return_dtype=pl.Int32)
        return codes.fill_null(-1).to_numpy()
    return values.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with times as ISO text, as a request would send it."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def watched_columns(rows: pl.DataFrame, signature: Signature) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The model's features as `monitoring.window` counts them, and which rows hold a value of another type.

    As `model_columns`, but a level that the signature does not have is the code past its last one, so that it is not
    taken for missing.

    Returns:
        Values by name, (n_rows,) each; and by name of a number, (n_rows,) whether a value was there and is no number.
    """
    columns: dict[str, np.ndarray] = {}
    misfits: dict[str, np.ndarray] = {}
    for column in signature.features:
        values = column_of(rows, column.name)
        columns[column.name] = _numbers(values, column)
        there = values.is_not_null().to_numpy()
        if column.categories is not None and column.kind in ("category", "string"):
            unseen = there & (columns[column.name] < 0)
            columns[column.name] = np.where(unseen, len(column.categories), columns[column.name])
        elif not values.dtype.is_numeric() and values.dtype not in (pl.Boolean, pl.Null):
            misfits[column.name] = there & np.isnan(columns[column.name])
    return columns, misfits
