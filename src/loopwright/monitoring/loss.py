"""Has a metric lost? Its recent figure, and the evidence of all days that it lies below what the gate saw.

A day is one observation, since its rows are alike. Days with few labels are taken together. What a day says of a metric
is its jackknife value within the fortnight that it ends; for a mean that is the day's own mean, for a ROC AUC it holds
what the day's rows do to the ranking of all. Everything is worked out anew from the rows: a label that comes late or is
corrected changes the day of its request, and nothing is counted twice.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.memo import Memo, fingerprint
from loopwright.monitoring.rules.rule import DAY
from loopwright.stats.arrays import AnyArray, Floats, floats, positive_mask
from loopwright.stats.intervals import Interval, auc_interval, jackknife_interval
from loopwright.stats.level import LevelEvidence, level_evidence
from loopwright.stats.quality import Metric

FORTNIGHT = 14
"""Blocks of the recent figure: bad days come in runs, and six of them are no evidence."""
HISTORY_DAYS = 120
_BLOCK_LABELS = 30
_MOST_BLOCK_LABELS = 400
"""Labels of a block that the evidence reads, evenly spread: more of them tell next to nothing beside the days' own
differences, and the time of a look stays bounded."""
_ROW_GROUPS = 20
_SURE = 0.9
"""Two-sided level of the interval whose whole must lie beyond the allowed loss: 95 % on the side that counts."""
_YOUNG = 30 * DAY
_SETTLED = 7 * DAY
_SAID = Memo(most=50_000)
"""What blocks have said, by the rows of the fortnight that they end: a look works out its new days only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What became of a metric.

    Attributes:
        span: The recent figure with its interval, at the level asked for.
        beyond: Whether it is surely (95 %) beyond the allowed loss; never on the rows of a single block.
        evidence: That the metric lies below what the gate saw, block by block.
        blocks: Blocks of the recent figure.
        begins: The event time from which the evidence speaks loudest, microseconds UTC; None without evidence.
        since: First event time of the recent figure.
    """

    span: Interval
    beyond: bool
    evidence: LevelEvidence
    blocks: int
    begins: int | None
    since: int


def settled(rows: LabelledRequests, *, today: int) -> LabelledRequests:
    """The rows before the first recent day whose labels are not there yet.

    Labels that come early are not like the others. A day younger than 30 days counts once half as many of its requests
    are labelled as usual (the median of days a week old or older).

    Args:
        rows: All requests.
        today: Days since 1970 of the look.
    """
    days = rows.event_time // DAY
    named, starts, counts = np.unique(days, return_index=True, return_counts=True)
    if not named.size:
        return rows
    covered = np.add.reduceat(rows.labelled.astype(np.int64), starts) / counts
    older = covered[(today - named) * DAY >= _SETTLED]
    if not older.size:
        return rows
    late = ((today - named) * DAY < _YOUNG) & (covered < float(np.median(older)) / 2)
    trailing = np.logical_and.accumulate(late[::-1])[::-1]
    return rows.until(int(named[trailing][0]) * DAY) if trailing.any() else rows


def loss_of(
    metric: Metric, rows: LabelledRequests, *, promised: float, allowed: float, classes: tuple[Any, ...], least: int,
    level: float,
) -> Loss:  # fmt: skip
    """Where a metric stands against what the gate saw.

    Args:
        metric: Which.
        rows: Settled requests, at least one of them labelled.
        promised: The gate's figure.
        allowed: The worst figure allowed.
        classes: As in the signature.
        least: Labels that the recent figure rests on, at least, where there are as many.
        level: Of the interval.
    """
    at = rows.event_time[rows.labelled]
    score = rows.score[rows.labelled]
    blocks = blocks_of(at // DAY)
    first = _recent(blocks, least)
    recent = (rows.label[first:], score[first:], blocks[first:])
    spans = [_interval(metric, recent, classes, level=wanted) for wanted in (level, _SURE)]
    sign = 1.0 if metric.greater_is_better else -1.0
    said, starts = _daily(metric, rows.label, score, blocks=blocks, classes=classes)
    known = np.isfinite(said)
    evidence = level_evidence(sign * (promised - said[known]))
    best = spans[1].high if metric.greater_is_better else spans[1].low
    n_blocks = int(np.unique(recent[2]).size)
    return Loss(
        span=spans[0],
        beyond=bool(n_blocks > 1 and sign * (best - allowed) < 0),
        evidence=evidence,
        blocks=n_blocks,
        begins=int(at[starts[known][evidence.begins]]) if known.any() else None,
        since=int(at[first]),
    )


def blocks_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) number of the block of each row: a day, or days in a row that have 30 labels together.

    Args:
        days: (n,) ascending.
    """
    _, place, counts = np.unique(days, return_inverse=True, return_counts=True)
    numbers, gathered, number = np.empty(counts.size, dtype=np.int64), 0, 0
    for position, count in enumerate(counts):
        numbers[position] = number
        gathered += int(count)
        if gathered >= _BLOCK_LABELS:
            gathered, number = 0, number + 1
    if gathered > 0 and number > 0:  # what is left over belongs to the block before it
        numbers[numbers == number] = number - 1
    return np.asarray(numbers[place], dtype=np.int64)


def interval_of(metric: Metric, rows: LabelledRequests, classes: tuple[Any, ...], *, level: float) -> Interval:
    """A metric on all labelled rows with its interval over blocks of days."""
    at = rows.event_time[rows.labelled]
    part = (rows.label, rows.score[rows.labelled], blocks_of(at // DAY))
    return _interval(metric, part, classes, level=level)


def _recent(blocks: NDArray[np.int64], least: int) -> int:
    """Position of the first row of the recent figure: whole blocks."""
    wanted = min(int(blocks[-min(least, blocks.size)]), int(blocks[-1]) - FORTNIGHT + 1)
    return int(np.searchsorted(blocks, wanted))


def _interval(
    metric: Metric, part: tuple[AnyArray, Floats, NDArray[np.int64]], classes: tuple[Any, ...], *, level: float
) -> Interval:
    """Over blocks; over rows where there is one block only, which is too narrow."""
    label, score, blocks = part
    several = blocks.size > 0 and bool(blocks[0] != blocks[-1])
    if metric.name == "roc_auc" and score.ndim == 1:
        return auc_interval(positive_mask(label, classes), score, level, blocks=blocks if several else None)
    if not several:
        order = np.argsort(np.arange(label.shape[0]) % _ROW_GROUPS, kind="stable")
        label, score, blocks = label[order], score[order], (np.arange(label.shape[0]) % _ROW_GROUPS)[order]
    span = jackknife_interval(lambda y, s: metric.function(y, s, classes), label, score, blocks=blocks, level=level)
    low, high = (float(np.clip(end, *metric.bounds)) for end in (span.low, span.high))
    return Interval(value=span.value, low=low, high=high, level=level, n=span.n)


def _daily(
    metric: Metric, label: AnyArray, score: Floats, *, blocks: NDArray[np.int64], classes: tuple[Any, ...]
) -> tuple[Floats, NDArray[np.intp]]:
    """(n_blocks,) what each block says of the metric, and the position of its first row."""
    _, starts = np.unique(blocks, return_index=True)
    ends = np.append(starts[1:], blocks.size)
    kept = [np.arange(a, b)[:: max(1, -(-(b - a) // _MOST_BLOCK_LABELS))] for a, b in zip(starts, ends, strict=True)]
    parts = [(label[rows], score[rows]) for rows in kept]
    names = [fingerprint(*part) for part in parts]
    said = []
    for last in range(len(parts)):
        pool = slice(max(0, last - FORTNIGHT + 1), last + 1)
        asked = (metric.function, classes, tuple(names[pool]))
        said.append(_SAID.of(asked, partial(_last_of, metric, parts[pool], classes)))
    return floats(said), starts


def _last_of(metric: Metric, pool: list[tuple[AnyArray, Floats]], classes: tuple[Any, ...]) -> float:
    """The jackknife value of the last block of a pool; NaN where there are too few before it."""
    if len(pool) < 3:
        return float("nan")
    label, score = (np.concatenate(part) for part in zip(*pool, strict=True))
    ours = pool[-1][0].shape[0]
    whole = metric.function(label, score, classes)
    without = metric.function(label[:-ours], score[:-ours], classes)
    return whole + (len(pool) - 1) * (whole - without)
