"""What a model's world looked like: small, frozen, and part of its bundle."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.core.clock import SECOND
from loopwright.core.schema import Column, Signature, Task
from loopwright.monitoring.bins import (
    Bins,
    category_bins,
    cell_table,
    named_blocks,
    numeric_bins,
    ordered_sample,
    quantiles_of,
)
from loopwright.monitoring.block_table import BlockTable, coarser, packed_table
from loopwright.monitoring.blocks import (
    FigureName,
    Standard,
    groups_of,
    innovation,
    leave_one_out,
    memory_of,
    positions_of,
    standard_of,
)
from loopwright.monitoring.pairs import Cuts, Pair, choose_pairs, count_pairs, cuts_of, signs_of
from loopwright.monitoring.sketch import QUANTILES
from loopwright.stats.arrays import AnyArray, Bools, Floats, class_codes, floats, positive_mask

if TYPE_CHECKING:
    import polars as pl

PREDICTION = "(prediction)"
"""Name of the model's answer among the watched columns: its score, or its class where there are several."""
LABEL = "(label)"
"""Name of the truth among the watched columns."""
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
MIN_BLOCK_ROWS = 10
"""Rows under which a day is not judged."""
FORMAT_VERSION = 2
_CHUNKS = 60
"""Blocks made of rows in no order, where they have no event time."""
_ROWS_AN_HOUR = 20.0
"""Mean rows of an hour from which hours are kept apart."""
_MOST_CELLS = 2_000_000
"""Counts kept block by block, over all columns: some megabytes. The newest blocks are kept."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure's past: how much it remembers, and its innovation on each reference day."""

    name: FigureName
    memory: float
    calibration: tuple[float, ...]


class ColumnReference(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    Attributes:
        name: Its name.
        bins: How it is counted.
        counts: (n_bins,) all rows of the reference.
        standard: What a day is standardised by.
        figures: What later days are ranked among.
        cuts: The ends whose signs pairs are counted by; None for categories and constants.
        values: (n_bins - 1,) mean value of each bin of a number, in its own unit; empty for categories.
        quantiles: Of a number, at `monitoring.sketch.QUANTILES`; empty where it has none.
        levels: Of a category, by code; empty where they have no names.
        seen_once: Levels of a category that one row of the reference has: as many rows as these will hold new levels.
        by_block: Counts by block of `Reference.period_us`; None without event times.
    """

    name: str
    bins: Bins
    counts: tuple[int, ...]
    standard: Standard
    figures: tuple[Figure, ...]
    cuts: Cuts | None = None
    values: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    seen_once: int = 0
    by_block: BlockTable | None = None


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
        pairs: Pairs of numeric features whose dependence is watched.
        all_pairs: Whether these are all that there are; False where only the strongest are watched.
        period_us: Length of the blocks that `ColumnReference.by_block` counts: an hour or a day.
        format_version: Of this struct; 1 had ten bins, neither pairs nor counts by block.
    """

    task: Task
    columns: tuple[ColumnReference, ...]
    quality: dict[str, float]
    rows: int
    blocks: int
    timed: bool
    classes: tuple[str | int | bool, ...] = ()
    pairs: tuple[Pair, ...] = ()
    all_pairs: bool = True
    period_us: int = DAY
    format_version: int = FORMAT_VERSION

    @property
    def judges(self) -> str:
        """Which windows the incident rule can judge by this reference, in words."""
        if not self.timed:
            return "windows of rows ('500 rows'), not hours: it has no event time"
        if self.period_us == DAY:
            return (
                f"windows of rows or of whole days ('1d'), not hours, of which it has under {_ROWS_AN_HOUR:g} rows each"
            )
        return "windows of rows, of whole hours ('1h') and of whole days ('1d')"

    def column(self, name: str) -> ColumnReference | None:
        """The column of that name, if it is watched."""
        return next((column for column in self.columns if column.name == name), None)

    def block_counts(self, name: str, period_us: int) -> tuple[tuple[int, ...], Floats] | None:
        """A column's counts by blocks of that period: their numbers `event_time // period_us`, and (n_blocks, n_bins).

        None where there are none, or where the period is no multiple of the one they were counted by.
        """
        column = self.column(name)
        if column is None or column.by_block is None or period_us % self.period_us:
            return None
        return coarser(column.by_block, period_us // self.period_us)


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
    period = _period_of(event_time)
    names, position = named_blocks(_blocks_of(features.height, event_time, period))
    series = {column.name: floats(features[column.name].to_numpy()) for column in signature.features}
    numbers = {column.name: series[column.name] for column in signature.features if not _is_category(column)}
    ordered = {name: ordered_sample(values) for name, values in numbers.items()}
    bins = {
        column.name: _bins_of(column, series[column.name], ordered.get(column.name)) for column in signature.features
    }
    levels = {column.name: column.categories or () for column in signature.features if _is_category(column)}
    series[PREDICTION] = prediction_values(scores, signature.task)
    series[LABEL] = label_values(label, signature.task, signature.classes)
    for name in (PREDICTION, LABEL):
        bins[name] = _answer_bins(series[name], signature, is_label=name == LABEL)
        levels[name] = () if bins[name].ordered else tuple(str(level) for level in signature.classes)
    newest = max(1, _MOST_CELLS // max(1, sum(each.count for each in bins.values())))
    factor = DAY // period if event_time is not None else 1
    columns = []
    for name, values in series.items():
        kept = np.isfinite(values) if name in (PREDICTION, LABEL) else slice(None)
        places = bins[name].place(values[kept])
        counted = cell_table(places, (names, position[kept]), bins[name].count)
        plain = plain_column(name, values[kept], places, bins=bins[name], ordered=ordered.pop(name, None))
        made = _with_figures(plain, *_summed(*counted, factor))
        table = None if event_time is None else packed_table(*counted, newest=newest)
        columns.append(msgspec.structs.replace(made, by_block=table, levels=levels.get(name, ())))
    pairs, all_pairs = reference_pairs(numbers, {column.name: column.cuts for column in columns})
    return Reference(
        task=signature.task,
        classes=signature.classes,
        columns=tuple(columns),
        quality={name: float(value) for name, value in quality.items() if np.isfinite(value)},
        rows=features.height,
        blocks=int(np.sum(_summed(names, np.bincount(position)[:, None], factor)[1] >= MIN_BLOCK_ROWS)),
        timed=event_time is not None,
        pairs=pairs,
        all_pairs=all_pairs,
        period_us=period,
    )


def reference_pairs(numbers: Mapping[str, Floats], cuts: Mapping[str, Cuts | None]) -> tuple[tuple[Pair, ...], bool]:
    """The pairs to watch with their counts, and whether they are all.

    Args:
        numbers: Numeric columns by name, (n_rows,) each, NaN for missing.
        cuts: The ends of each; columns without are in no pair.
    """
    watched = {name: (values, ends) for name, values in numbers.items() if (ends := cuts[name]) is not None}
    if len(watched) < 2:
        return (), True
    names, rows = choose_pairs({name: values for name, (values, _) in watched.items()})
    signs = {name: signs_of(v if rows is None else v[rows], ends) for name, (v, ends) in watched.items()}
    counted = count_pairs(signs, names)
    return tuple(
        Pair(first=first, second=second, concordant=int(together), discordant=int(apart))
        for (first, second), (together, apart) in zip(names, counted.tolist(), strict=True)
    ), rows is None


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


def _blocks_of(rows: int, event_time: NDArray[np.int64] | None, period_us: int) -> NDArray[np.int64]:
    if event_time is not None:
        return np.asarray(event_time, dtype=np.int64) // period_us
    chunks = max(1, min(_CHUNKS, rows // MIN_BLOCK_ROWS))
    return np.random.default_rng(0).permutation(np.arange(rows, dtype=np.int64) % chunks)


def _period_of(event_time: NDArray[np.int64] | None) -> int:
    """An hour where hours that have rows have enough of them, else a day."""
    if event_time is None or event_time.size == 0:
        return DAY
    hours = np.unique(np.asarray(event_time, dtype=np.int64) // HOUR).size
    return HOUR if event_time.size / hours >= _ROWS_AN_HOUR else DAY


def _summed(
    blocks: NDArray[np.int64], counted: NDArray[np.int64], factor: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Blocks of `factor` times the length, ascending, and their counts (n_blocks, n_bins)."""
    if factor == 1 or blocks.size == 0:
        return blocks, counted
    days = blocks // factor
    first = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    return days[first], np.add.reduceat(counted, first, axis=0)


def _is_category(column: Column) -> bool:
    return column.kind in ("category", "string") and column.categories is not None


def _bins_of(column: Column, values: Floats, ordered: Floats | None) -> Bins:
    if _is_category(column):
        return category_bins(values, len(column.categories or ()))
    return numeric_bins(values, ordered=ordered)


def _answer_bins(values: Floats, signature: Signature, *, is_label: bool) -> Bins:
    numeric = signature.task == "regression" or (signature.task == "binary" and not is_label)
    return numeric_bins(values) if numeric else category_bins(values, max(len(signature.classes), 2))


def _with_figures(plain: ColumnReference, blocks: NDArray[np.int64], counted: NDArray[np.int64]) -> ColumnReference:
    """The column with the figures of its days: their numbers, ascending, and their counts (n_days, n_bins)."""
    full = counted.sum(axis=1) >= MIN_BLOCK_ROWS
    if full.sum() < 2:
        return plain
    days, numbers = floats(counted[full]), tuple(blocks[full].tolist())
    ordered, positions = plain.bins.ordered, plain.standard.positions
    groups = groups_of(floats(counted.sum(axis=0))) if ordered else ()
    names: tuple[FigureName, ...] = ("shape", "location") if ordered else ("shape",)
    return msgspec.structs.replace(
        plain,
        standard=standard_of(days, positions, groups),
        figures=tuple(_figure(figure, days, (positions, groups), numbers=numbers) for figure in names),
    )


def plain_column(
    name: str, values: Floats, places: NDArray[np.int64], *, bins: Bins, ordered: Floats | None = None
) -> ColumnReference:
    """A column as a whole, without figures of its days.

    Args:
        name: Its name.
        values: (n,) numbers or codes.
        places: (n,) their bins.
        bins: How it is counted.
        ordered: Their `bins.ordered_sample`, where that is known already.
    """
    column = counted_column(name, floats(np.bincount(places, minlength=bins.count)), bins)
    if not bins.ordered:
        return msgspec.structs.replace(column, seen_once=_seen_once(values))
    finite = np.isfinite(values)
    if not finite.any():
        return column
    known: Bools | slice = slice(None) if finite.all() else finite
    ordered = ordered_sample(values) if ordered is None else ordered
    return msgspec.structs.replace(
        column,
        cuts=cuts_of(values, ordered=ordered),
        values=_bin_values(values[known], places[known], bins),
        quantiles=tuple(quantiles_of(ordered, QUANTILES).tolist()),
    )


def counted_column(name: str, counts: Floats, bins: Bins) -> ColumnReference:
    """A column of which only the counts (n_bins,) are known."""
    positions = positions_of(counts[:-1]) if bins.ordered else ()
    shares = tuple((counts / max(counts.sum(), 1.0)).tolist())
    standard = Standard(shares=shares, between=(0.0,) * bins.count, positions=positions)
    return ColumnReference(name=name, bins=bins, counts=_whole(counts), standard=standard, figures=())


def _seen_once(codes: Floats) -> int:
    known = codes[codes >= 0].astype(np.int64)
    return int(np.sum(np.bincount(known) == 1)) if known.size else 0


def _bin_values(values: Floats, places: NDArray[np.int64], bins: Bins) -> tuple[float, ...]:
    """The mean value of each bin but the missing one; of an empty bin, the edge it lies at."""
    n = bins.count - 1
    held = np.bincount(places, minlength=bins.count)[:n]
    summed = np.bincount(places, weights=values, minlength=bins.count)[:n]
    edges = floats([bins.edges[0], *bins.edges])[:n]
    return tuple(np.where(held > 0, summed / np.maximum(held, 1), edges).tolist())


def _figure(
    name: FigureName, days: Floats, scales: tuple[tuple[float, ...], tuple[int, ...]], *, numbers: tuple[int, ...]
) -> Figure:
    values = leave_one_out(name, days, scales[0], groups=scales[1])
    memory = round(memory_of(values, numbers), 4)
    calibration = []
    for i, value in enumerate(values.tolist()):
        if np.isfinite(value):
            follows = i > 0 and numbers[i] == numbers[i - 1] + 1
            calibration.append(innovation(value, float(values[i - 1]) if follows else None, memory))
    return Figure(name=name, memory=memory, calibration=tuple(calibration))


def _whole(counts: Floats) -> tuple[int, ...]:
    return tuple(int(count) for count in counts)
