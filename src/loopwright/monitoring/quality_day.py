"""What is known of the quality of one day's requests: the record that reports and replays of policies read."""

from typing import Any

import msgspec
import numpy as np

from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.money import cost_metric, money
from loopwright.monitoring.rules.cost import Cost
from loopwright.stats.quality import METRICS

FORMAT_VERSION = 1
MOST_SLICES = 50


class SliceFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a column on one day; `value` is None where the metric is undefined."""

    value: float | None
    labels: int
    requests: int


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a metric was thought to be before the labels came.

    Attributes:
        metric: Which.
        value, low, high: The estimate and its interval.
        outside: Share of requests unlike those that the estimate rests on.
    """

    metric: str
    value: float
    low: float
    high: float
    outside: float


class QualityDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day of one version, by the event time of its requests; written anew when a label of that day changes.

    Attributes:
        day: Days since 1970, UTC.
        version: The model that answered.
        requests: Answered requests.
        labelled: Those with a label.
        figures: Every metric of the task (see `stats.quality.METRICS`), and the cost per request where one is declared,
            by name; what is undefined is left out.
        money: What the labelled requests cost together, in `currency`.
        slices: By column, then by value: the rule's metric.
        estimate: Of a rule without labels.
        format_version: Of this struct.
    """

    day: int
    version: str
    requests: int
    labelled: int
    figures: dict[str, float] = {}
    money: float | None = None
    currency: str | None = None
    slices: dict[str, dict[str, SliceFigure]] = {}
    estimate: Estimate | None = None
    format_version: int = FORMAT_VERSION


def quality_day(
    rows: LabelledRequests,
    *,
    day: int,
    version: str,
    task: str,
    classes: tuple[Any, ...],
    metric: str,
    cost: Cost | None = None,
) -> QualityDay:
    """The figures of a day's requests, all of whose scores are numbers."""
    score = rows.score[rows.labelled]
    metrics = [found for found in METRICS.values() if task in found.tasks] + ([cost_metric(cost)] if cost else [])
    figures = {found.name: found.function(rows.label, score, classes) for found in metrics} if score.size else {}
    function = next((found.function for found in metrics if found.name == metric), None)

    def of_slice(kept: np.ndarray) -> SliceFigure:
        part = rows.where(kept)
        n = int(part.labelled.sum())
        value = function(part.label, part.score[part.labelled], classes) if function and n else float("nan")
        return SliceFigure(value=value if np.isfinite(value) else None, labels=n, requests=int(kept.sum()))

    slices = {
        by: {groups.levels[code]: of_slice(groups.codes == code) for code in _most(groups.codes, len(groups.levels))}
        for by, groups in rows.groups.items()
    }
    spent = float(money(cost, rows.label, score, classes=classes).sum()) if cost and score.size else None
    return QualityDay(
        day=day,
        version=version,
        requests=int(rows.event_time.size),
        labelled=int(rows.labelled.sum()),
        figures={name: float(value) for name, value in figures.items() if np.isfinite(value)},
        money=spent if spent is not None and np.isfinite(spent) else None,
        currency=cost.currency if cost else None,
        slices=slices,
    )


def _most(codes: np.ndarray, levels: int) -> list[int]:
    counts = np.bincount(codes[codes >= 0], minlength=levels)
    return [int(code) for code in np.argsort(-counts, kind="stable")[:MOST_SLICES] if counts[code]]


def fingerprints(rows: LabelledRequests, starts: np.ndarray) -> list[int]:
    """A number for each stretch of rows that changes when one of its labels comes, changes or goes.

    Args:
        rows: Requests in order of event time.
        starts: (n_stretches,) position of the first row of each, ascending from 0.
    """
    told = np.zeros(rows.event_time.size, dtype=np.uint64)
    told[rows.labelled] = _bits(rows.label)
    place = np.arange(told.size, dtype=np.uint64)
    first = np.repeat(starts, np.diff(np.append(starts, told.size))).astype(np.uint64)
    with np.errstate(over="ignore"):
        mixed = (told + np.uint64(1)) * ((place - first) * np.uint64(2) + np.uint64(0x9E3779B97F4A7C15))
        mixed ^= mixed >> np.uint64(29)
        summed = np.add.reduceat(np.where(rows.labelled, mixed, np.uint64(1)), starts)
    return [int(number) & 0x1FFFFFFFFFFFFF for number in summed]  # as many bits as a number of JSON keeps


def _bits(label: np.ndarray) -> np.ndarray:
    if label.dtype.kind in "OUS":
        _, label = np.unique(label.astype(str), return_inverse=True)
    return label.astype(np.float64).view(np.uint64)
