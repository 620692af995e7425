"""Changes planted in counts, to see how soon a rule would notice them."""

from typing import Literal

import msgspec
import numpy as np

from loopwright.monitoring.reference import LABEL, PREDICTION, ColumnReference, Reference
from loopwright.stats.arrays import Floats, floats

ChangeKind = Literal["place", "share", "missing", "correlation"]
SIZES: dict[ChangeKind, tuple[float, ...]] = {
    "place": (2.0, 1.0, 0.5, 0.25, 0.1, 0.05),
    "share": (0.3, 0.2, 0.1, 0.05, 0.02),
    "missing": (0.3, 0.1, 0.05, 0.03, 0.01),
    "correlation": (1.0, 0.5, 0.25),
}
"""Sizes tried of each kind, the largest first."""
_LEAST_DEPENDENCE = 0.05


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one column or pair.

    Attributes:
        kind: What changes: the place of a number, the share of a level, the missing share, or the dependence of a pair.
        size: Standard deviations; an addition to a share; or the part of a dependence that is lost.
        subject: Position of the column in the reference, or of the pair.
        rise: Whether the place rises; other changes have one way only.
    """

    kind: ChangeKind
    size: float
    subject: int
    rise: bool = True


def changes_for(reference: Reference, kind: ChangeKind) -> tuple[int, ...]:
    """Positions of the columns or pairs that such a change can be planted in."""
    if kind == "correlation":
        return tuple(i for i, pair in enumerate(reference.pairs) if _dependence(pair.concordant, pair.discordant))
    features = [(i, c) for i, c in enumerate(reference.columns) if c.name not in (PREDICTION, LABEL)]
    if kind == "missing":
        return tuple(i for i, column in features if sum(column.counts) > 0)
    wanted = [(i, c) for i, c in features if c.bins.ordered is (kind == "place")]
    return tuple(i for i, column in wanted if np.count_nonzero(column.counts[:-1]) > 1)


def moved_rows(column: ColumnReference, change: Change) -> Floats:
    """(n_bins, n_bins) share of each bin's rows that lie in each bin after the change."""
    stay: Floats = np.eye(column.bins.count)
    counts = floats(column.counts)
    if change.kind == "missing":
        free = 1.0 - counts[-1] / max(counts.sum(), 1.0)
        gone = min(change.size / max(free, 1e-9), 1.0)
        stay[:-1, :-1] *= 1.0 - gone
        stay[:-1, -1] = gone
        return stay
    if change.kind == "share":
        known = counts[:-1]
        level = int(np.argmin(np.abs(known / known.sum() - 1.0 / np.count_nonzero(known))))
        gone = min(change.size / max(1.0 - known[level] / known.sum(), 1e-9), 1.0)
        others = [i for i in range(known.size) if i != level]
        stay[others, others] = 1.0 - gone
        stay[others, level] = gone
        return stay
    return _shifted_place(counts[:-1], change.size if change.rise else -change.size, stay)


def weaker_pair(concordant: float, discordant: float, lost: float) -> float:
    """Share of concordant rows after a part of the dependence is lost."""
    share = concordant / max(concordant + discordant, 1.0)
    return share + lost * (0.5 - share)


def _shifted_place(known: Floats, shift: float, stay: Floats) -> Floats:
    """Every value moves by so many standard deviations on the scale on which the reference is normal."""
    from scipy import special

    edges = np.concatenate(([0.0], np.cumsum(known) / known.sum()))
    before = special.ndtr(special.ndtri(np.clip(edges, 0.0, 1.0)) - shift)
    before[0], before[-1] = 0.0, 1.0
    width = np.diff(edges)
    low = np.maximum(before[None, :-1], edges[:-1, None])
    high = np.minimum(before[None, 1:], edges[1:, None])
    overlap = np.maximum(high - low, 0.0)
    held = width > 0
    stay[:-1, :-1] = np.where(held[:, None], overlap / np.where(held, width, 1.0)[:, None], stay[:-1, :-1])
    return floats(stay / stay.sum(axis=1, keepdims=True))


def _dependence(concordant: int, discordant: int) -> bool:
    both = concordant + discordant
    return both > 0 and abs(concordant / both - 0.5) >= _LEAST_DEPENDENCE
