"""What a model's world looked like: small, frozen, and part of its bundle."""

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.core.clock import SECOND
from loopwright.core.schema import Column, Signature, Task
from loopwright.monitoring.bins import Bins, block_counts, category_bins, numeric_bins
from loopwright.monitoring.blocks import (
    FigureName,
    Standard,
    innovation,
    leave_one_out,
    memory_of,
    positions_of,
    standard_of,
)
from loopwright.stats.arrays import AnyArray, Floats, class_codes, floats, positive_mask

if TYPE_CHECKING:
    import polars as pl

PREDICTION = "(prediction)"
"""Name of the model's answer among the watched columns: its score, or its class where there are several."""
LABEL = "(label)"
"""Name of the truth among the watched columns."""
DAY = 86_400 * SECOND
MIN_BLOCK_ROWS = 10
"""Rows under which a day is not judged."""
_CHUNKS = 60
"""Blocks made of rows in no order, where they have no event time."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure's past: how much it remembers, and its innovation on each reference day."""

    name: FigureName
    memory: float
    calibration: tuple[float, ...]


class ColumnReference(msgspec.Struct, frozen=True, kw_only=True):
    """One column: bins, total counts over them, the daily standard, and the figures later days are ranked among."""

    name: str
    bins: Bins
    counts: tuple[int, ...]
    standard: Standard
    figures: tuple[Figure, ...]


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """The part `reference` of a bundle.

    Attributes:
        format_version: Of this struct.
        task: What is predicted.
        classes: In the order of the probabilities.
        columns: Features in the signature's order, then prediction and label.
        quality: The gate's figures by metric; a figure that is not finite is left out.
        rows: Rows summarised.
        blocks: Days with enough rows.
        timed: Whether blocks are days; False where rows had no event time and blocks are random parts of equal size.
    """

    task: Task
    columns: tuple[ColumnReference, ...]
    quality: dict[str, float]
    rows: int
    blocks: int
    timed: bool
    classes: tuple[str | int | bool, ...] = ()
    format_version: int = 1

    def column(self, name: str) -> ColumnReference | None:
        """The column of that name, if it is watched."""
        return next((column for column in self.columns if column.name == name), None)


def build_reference(
    features: "pl.DataFrame",
    scores: Floats,
    label: AnyArray,
    *,
    event_time: NDArray[np.int64] | None,
    signature: Signature,
    quality: dict[str, float],
) -> Reference:
    """Summarise the rows that a model was made from and judged on.

    Pass training and holdout rows together; the more days, the finer the ranks (under ten, drift has no verdict).

    Args:
        features: (n_rows, n_features) numeric; categories as the signature's codes, -1 for missing and unseen.
        scores: (n_rows,) or (n_rows, n_classes) as the model answers. Rows that the model was trained on must be NaN:
            its answers there are too sure, and honest ones would look like drift.
        label: (n_rows,), without missing values.
        event_time: (n_rows,) microseconds UTC, or None.
        signature: The model's.
        quality: The gate's figures on the holdout.
    """
    blocks = _blocks_of(features.height, event_time)
    series = {column.name: features[column.name].to_numpy() for column in signature.features}
    bins = {column.name: _bins_of(column, series[column.name]) for column in signature.features}
    series[PREDICTION] = prediction_values(scores, signature.task)
    series[LABEL] = label_values(label, signature.task, signature.classes)
    for name in (PREDICTION, LABEL):
        bins[name] = _answer_bins(series[name], signature, is_label=name == LABEL)
    columns = tuple(
        _column(name, values, blocks, bins=bins[name], keep_missing=name not in (PREDICTION, LABEL))
        for name, values in series.items()
    )
    return Reference(
        task=signature.task,
        classes=signature.classes,
        columns=columns,
        quality={name: float(value) for name, value in quality.items() if np.isfinite(value)},
        rows=features.height,
        blocks=int(np.sum(np.unique(blocks, return_counts=True)[1] >= MIN_BLOCK_ROWS)),
        timed=event_time is not None,
    )


def prediction_values(scores: Floats, task: Task) -> Floats:
    """(n,) what is watched of the answers: the score, or the code of the most probable class; NaN if unknown."""
    scores = floats(scores)
    if task != "multiclass" or scores.ndim == 1:
        return scores
    chosen = floats(np.argmax(np.nan_to_num(scores), axis=1))
    chosen[~np.isfinite(scores).all(axis=1)] = np.nan
    return chosen


def label_values(label: AnyArray, task: Task, classes: tuple[str | int | bool, ...]) -> Floats:
    """(n,) what is watched of the labels: the value of a regression, else the code of the class."""
    if task == "regression":
        return floats(label)
    if task == "binary":
        return positive_mask(label, classes).astype(np.float64)
    return class_codes(label, classes).astype(np.float64)


def _blocks_of(rows: int, event_time: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if event_time is not None:
        return np.asarray(event_time, dtype=np.int64) // DAY
    chunks = max(1, min(_CHUNKS, rows // MIN_BLOCK_ROWS))
    return np.random.default_rng(0).permutation(np.arange(rows, dtype=np.int64) % chunks)


def _bins_of(column: Column, values: AnyArray) -> Bins:
    if column.kind in ("category", "string") and column.categories is not None:
        return category_bins(values, len(column.categories))
    return numeric_bins(floats(values))


def _answer_bins(values: Floats, signature: Signature, *, is_label: bool) -> Bins:
    numeric = signature.task == "regression" or (signature.task == "binary" and not is_label)
    return numeric_bins(values) if numeric else category_bins(values, max(len(signature.classes), 2))


def _column(
    name: str, values: AnyArray, blocks: NDArray[np.int64], *, bins: Bins, keep_missing: bool
) -> ColumnReference:
    numbers = floats(values)
    kept = np.ones(numbers.size, dtype=bool) if keep_missing else np.isfinite(numbers)
    counted = block_counts(bins.place(numbers[kept]), blocks[kept], bins.count)
    full = {day: row for day, row in sorted(counted.items()) if sum(row) >= MIN_BLOCK_ROWS}
    total = floats(list(counted.values())).reshape(-1, bins.count).sum(axis=0)
    positions = positions_of(total[:-1]) if bins.ordered else ()
    days = floats(list(full.values())).reshape(-1, bins.count)
    if len(full) < 2:
        shares = tuple((total / max(total.sum(), 1.0)).tolist())
        standard = Standard(shares=shares, between=(0.0,) * bins.count, positions=positions)
        return ColumnReference(name=name, bins=bins, counts=_whole(total), standard=standard, figures=())
    names: tuple[FigureName, ...] = ("shape", "location") if bins.ordered else ("shape",)
    return ColumnReference(
        name=name,
        bins=bins,
        counts=_whole(total),
        standard=standard_of(days, positions),
        figures=tuple(_figure(figure, days, positions, numbers=tuple(full)) for figure in names),
    )


def _figure(name: FigureName, days: Floats, positions: tuple[float, ...], *, numbers: tuple[int, ...]) -> Figure:
    values = leave_one_out(name, days, positions)
    memory = round(memory_of(values, numbers), 4)
    calibration = []
    for i, value in enumerate(values.tolist()):
        if np.isfinite(value):
            follows = i > 0 and numbers[i] == numbers[i - 1] + 1
            calibration.append(innovation(value, float(values[i - 1]) if follows else None, memory))
    return Figure(name=name, memory=memory, calibration=tuple(calibration))


def _whole(counts: Floats) -> tuple[int, ...]:
    return tuple(int(count) for count in counts)
