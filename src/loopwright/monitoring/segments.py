"""Which rows carry a change: a column's mean before and after, within each value of each category column and outside.

A change of a mean over all rows is the sum of what changed within segments and of what their shares changed: Kitagawa,
"Components of a difference between two rates", Journal of the American Statistical Association 50 (1955).
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from loopwright.monitoring.explanation import Segment
from loopwright.stats.arrays import AnyArray, Floats, floats

LEAST_ROWS = 30
"""Rows after the change under which a segment is not looked at."""
MOST_VALUES = 50
"""Values above which a column is no category."""
TOP = 5
_LEAST_Z = 4.0
"""Change inside less change outside, in standard errors, from which a segment stands out. About one in 15,000 segments
passes by chance where rows are independent; rows that are not are why it is no lower."""
_LEAST_EXCESS = 0.05
_MISSING_MOVED = 0.05


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Category columns of the rows before and after; text values by name, (n_before,) and (n_after,)."""

    before: Mapping[str, Sequence[str]]
    after: Mapping[str, Sequence[str]]


def strongest(name: str, before: Floats, after: Floats, *, coded: bool) -> tuple[str, Floats, Floats]:
    """What changed most about a column, as numbers whose mean is compared: its name, before and after.

    A number itself, or whether it is missing; of a category (codes, -1 for none) whether it is the level whose share
    moved most.
    """
    if coded:
        codes = np.unique(np.concatenate([before, after]))
        moved = [abs(float((after == code).mean() - (before == code).mean())) for code in codes]
        level = codes[int(np.argmax(moved))]
        return f"{name} is {level:.0f}", floats(before == level), floats(after == level)
    gone, was_gone = ~np.isfinite(after), ~np.isfinite(before)
    if abs(float(gone.mean() - was_gone.mean())) >= _MISSING_MOVED or gone.all() or was_gone.all():
        return f"{name} is missing", floats(was_gone), floats(gone)
    return name, before, after


def segments_of(
    target: str, before: AnyArray, after: AnyArray, *, split: Split, without: str = ""
) -> tuple[Segment, ...]:
    """The segments that carry more of the change of `target` than their share of the rows, the most first.

    Args:
        target: The column that changed.
        before, after: (n_before,) and (n_after,) its values as numbers; NaN is left out. For a category, or for missing
            values, pass indicators.
        split: The same rows' categories.
        without: The column that is the target, which explains nothing about itself.
    """
    old, new = floats(before), floats(after)
    if np.isfinite(old).sum() < LEAST_ROWS or np.isfinite(new).sum() < LEAST_ROWS:
        return ()
    found = []
    for column in split.after:
        if column in (target, without) or column not in split.before:
            continue
        was, now = np.asarray(split.before[column], dtype=object), np.asarray(split.after[column], dtype=object)
        values, counts = np.unique(now.astype(str), return_counts=True)
        if not 2 <= len(values) <= MOST_VALUES:
            continue
        for value in values[counts >= LEAST_ROWS].tolist():
            segment = _segment(target, column, value, old=(old, was == value), new=(new, now == value))
            if segment is not None:
                found.append(segment)
    found.sort(key=lambda segment: segment.share_after - segment.carries)
    return tuple(found[:TOP])


def _segment(
    target: str, column: str, value: str, *, old: tuple[Floats, AnyArray], new: tuple[Floats, AnyArray]
) -> Segment | None:
    inside_before, outside_before, share_before = _parts(*old)
    inside_after, outside_after, share_after = _parts(*new)
    if not inside_after.size or not outside_after.size:
        return None
    whole_before = float(np.nanmean(old[0]))
    change = float(np.nanmean(new[0])) - whole_before
    if change == 0.0:
        return None
    base = _mean(inside_before, whole_before)
    within = share_after * (float(inside_after.mean()) - base)
    moved = (share_after - share_before) * (base - whole_before)
    z = _difference(inside=(inside_before, inside_after), outside=(outside_before, outside_after))
    carries = (within + moved) / change
    share_z = _share_z(before=(share_before, old[0].size), after=(share_after, new[0].size))
    stands_out = abs(z) >= _LEAST_Z or abs(share_z) >= _LEAST_Z
    if not stands_out or carries - share_after < _LEAST_EXCESS:
        return None
    return Segment(
        target=target,
        column=column,
        value=value,
        share_before=share_before,
        share_after=share_after,
        inside_before=base,
        inside_after=float(inside_after.mean()),
        outside_before=_mean(outside_before, whole_before),
        outside_after=float(outside_after.mean()),
        carries=carries,
        z=z,
    )


def _parts(values: Floats, chosen: AnyArray) -> tuple[Floats, Floats, float]:
    known = np.isfinite(values)
    inside = np.asarray(chosen, dtype=bool) & known
    return values[inside], values[known & ~inside], float(inside.sum() / max(known.sum(), 1))


def _mean(values: Floats, otherwise: float) -> float:
    return float(values.mean()) if values.size else otherwise


def _difference(*, inside: tuple[Floats, Floats], outside: tuple[Floats, Floats]) -> float:
    """(Change inside - change outside) over its standard error, each (before, after); 0 where one has too few rows."""
    parts = (*inside, *outside)
    if any(part.size < 2 for part in parts):
        return 0.0
    error = float(np.sqrt(sum(part.var(ddof=1) / part.size for part in parts)))
    change = (inside[1].mean() - inside[0].mean()) - (outside[1].mean() - outside[0].mean())
    return float(change) / error if error > 0 else float(np.sign(change)) * (np.inf if change else 0.0)


def _share_z(*, before: tuple[float, int], after: tuple[float, int]) -> float:
    """The difference of two shares over its standard error; each is (share, rows)."""
    (share, rows), (share_after, rows_after) = before, after
    pooled = (share * rows + share_after * rows_after) / (rows + rows_after)
    error = float(np.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / rows_after)))
    return (share_after - share) / error if error > 0 else 0.0
