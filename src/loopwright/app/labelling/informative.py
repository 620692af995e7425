"""What makes a label worth asking for: three figures of a request, and a choice among requests by all of them. Pure.

- *uncertain*: how unsure the answer is, the entropy of its probabilities as a share of the greatest one.
- *disagreeing*: how far two versions lie apart on the same request, as total variation or as a difference of scores.
- *drifted*: how much likelier its values are in the traffic of late than in the reference: the mean log ratio of shares
  over the columns that moved.
- *random*: nothing but chance. Labels of the other three say nothing about the traffic as a whole; these do.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.core.schema import Task
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import AnyArray, Floats, floats
from loopwright.stats.distances import total_variation

Reason = Literal["uncertain", "disagreeing", "drifted", "random"]
REASONS: tuple[Reason, ...] = ("uncertain", "disagreeing", "drifted", "random")
MOVED = 0.1
"""Total variation distance from which a column counts as moved."""
_SMOOTHING = 0.5


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """One request that was chosen: its row among those offered, why, and the figure it was chosen by."""

    row: int
    reason: Reason
    figure: float


def uncertainty(scores: Floats, task: Task) -> Floats:
    """(n_rows,) entropy of each answer over the greatest possible, in [0, 1]; NaN for a regression.

    Args:
        scores: (n_rows,) P(positive), or (n_rows, n_classes).
        task: What is predicted.
    """
    scores = floats(scores)
    if task == "regression":
        return np.full(len(scores), np.nan)
    shares = np.stack([1 - scores, scores], axis=1) if scores.ndim == 1 else scores
    inside = np.clip(shares, 1e-300, 1.0)
    entropy: Floats = -(shares * np.log(inside)).sum(axis=1) / np.log(max(shares.shape[1], 2))
    return entropy


def disagreement(scores: Floats, others: Floats) -> Floats:
    """(n_rows,) how far two versions' answers lie apart; NaN where the other gave none.

    Args:
        scores: (n_rows,) or (n_rows, n_classes).
        others: The same shape, NaN where there is none.
    """
    apart = np.abs(floats(scores) - floats(others))
    return apart if apart.ndim == 1 else floats(apart.sum(axis=1) / 2.0)


def drifted(columns: Sequence[ColumnReference], values: Mapping[str, AnyArray], rows: int) -> Floats:
    """(n_rows,) mean log ratio of each row's bins, now over reference, over the columns that moved; NaN if none did.

    Args:
        columns: The reference's.
        values: (n_rows,) by column, as `monitoring.window.summarise` takes them; others are left out.
        rows: How many rows there are.
    """
    found = []
    for column in columns:
        if column.name not in values or not rows:
            continue
        places = column.bins.place(values[column.name])
        now = np.bincount(places, minlength=column.bins.count).astype(np.float64)
        was = floats(column.counts)
        if not was.sum() or total_variation(was, now) < MOVED:
            continue
        ratio = np.log((now + _SMOOTHING) / (now.sum() + _SMOOTHING * now.size))
        ratio -= np.log((was + _SMOOTHING) / (was.sum() + _SMOOTHING * was.size))
        found.append(ratio[places])
    return floats(np.mean(found, axis=0)) if found else np.full(rows, np.nan)


def choose(
    figures: Mapping[Reason, Floats], size: int, *, reasons: Sequence[Reason] = REASONS, rng: np.random.Generator
) -> tuple[Pick, ...]:
    """Choose rows, in turn by each reason: the greatest figure that is left, or by chance; no row twice.

    Args:
        figures: (n_rows,) by reason; NaN is never chosen. `random` needs none.
        size: How many, at most.
        reasons: Those that count, each for an equal part where it has rows enough.
        rng: Of the random part.
    """
    rows = max((len(values) for values in figures.values()), default=0)
    queues = {reason: iter(_ranked(reason, figures, rows, rng=rng)) for reason in reasons}
    picks, taken = list[Pick](), set[int]()
    while queues and len(picks) < min(size, rows):
        for reason in list(queues):
            row = next((row for row in queues[reason] if row not in taken), None)
            if row is None:
                del queues[reason]
                continue
            taken.add(row)
            figure = 0.0 if reason == "random" else float(figures[reason][row])
            picks.append(Pick(row=row, reason=reason, figure=round(figure, 6)))
            if len(picks) == size:
                break
    return tuple(picks)


def _ranked(
    reason: Reason, figures: Mapping[Reason, Floats], rows: int, *, rng: np.random.Generator
) -> Sequence[int] | NDArray[np.int64]:
    if reason == "random":
        return [int(row) for row in rng.permutation(rows)]
    values = figures.get(reason)
    if values is None:
        return []
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
    return [int(row) for row in order if values[row] > 0]
