"""From rows of the request log to the columns that a reference watches."""

from typing import TYPE_CHECKING

import numpy as np

from loopwright.core.schema import Column, Signature
from loopwright.monitoring.reference import PREDICTION
from loopwright.stats.arrays import Floats, floats

if TYPE_CHECKING:
    import polars as pl


def watched_columns(requests: "pl.DataFrame", signature: Signature) -> dict[str, Floats]:
    """The features and the prediction of answered requests, as `window.summarise` takes them.

    A feature is looked up among the joined `features` of the row, then among its `inputs`, then among its own columns;
    one that is nowhere is left out of the answer. Categories become the signature's codes, -1 when missing or unseen.

    Args:
        requests: n rows of the request log, answered ones only.
        signature: The model's.

    Returns:
        (n,) by column name.
    """
    found: dict[str, Floats] = {}
    for column in signature.features:
        series = _series(requests, column.name)
        if series is not None:
            found[column.name] = _numbers(series, column)
    answer = _answer(requests, signature)
    if answer is not None:
        found[PREDICTION] = answer
    return found


def _series(requests: "pl.DataFrame", name: str) -> "pl.Series | None":
    for part in ("features", "inputs"):
        if part in requests.columns and name in _fields(requests, part):
            return requests[part].struct.field(name)
    return requests[name] if name in requests.columns else None


def _fields(requests: "pl.DataFrame", part: str) -> list[str]:
    import polars as pl

    dtype = requests.schema[part]
    return [field.name for field in dtype.fields] if isinstance(dtype, pl.Struct) else []


def _numbers(series: "pl.Series", column: Column) -> Floats:
    import polars as pl

    if column.categories is not None and not series.dtype.is_numeric():
        codes = {level: code for code, level in enumerate(column.categories)}
        mapped = series.cast(pl.String).replace_strict(codes, default=-1, return_dtype=pl.Int32)
        return floats(mapped.fill_null(-1).to_numpy())
    missing = -1.0 if column.categories is not None else float("nan")
    return floats(series.cast(pl.Float64, strict=False).fill_null(missing).to_numpy())


def _answer(requests: "pl.DataFrame", signature: Signature) -> Floats | None:
    import polars as pl

    if signature.task != "multiclass":
        score = requests["score"] if "score" in requests.columns else None
        return None if score is None else floats(score.cast(pl.Float64, strict=False).to_numpy())
    label = _output_label(requests)
    if label is None:
        return None
    codes = {str(name): float(code) for code, name in enumerate(signature.classes)}
    return np.asarray([codes.get(str(value), np.nan) for value in label.to_list()], dtype=np.float64)


def _output_label(requests: "pl.DataFrame") -> "pl.Series | None":
    if "output" in requests.columns and "label" in _fields(requests, "output"):
        return requests["output"].struct.field("label")
    return None
