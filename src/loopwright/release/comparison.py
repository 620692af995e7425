"""Comparing arms that answer different requests: by means of groups, each value used once.

What came in together is shuffled and cut into as many pairs of groups as the smaller side has values, as requests are
dealt to the arms by their hash. One pair's difference is then one independent observation. What finds no partner waits
for the next look, so that sparse traffic loses nothing.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from loopwright.release.evidence import Floats

_MOST_WAITING = 128
Bools = npt.NDArray[np.bool_]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one side that have met none of the other yet, the latest last, at most 128; one side is always empty.

    A row is `(value,)`, or `(value, covariate)`, or the two versions' scores of a labelled request.
    """

    candidate: tuple[tuple[float, ...], ...] = ()
    champion: tuple[tuple[float, ...], ...] = ()


def grouped(waiting: Waiting, candidate: Floats, champion: Floats, *, seed: int) -> tuple[Floats, Floats, Waiting]:
    """Means of groups of both arms' rows, pair by pair.

    There are as many pairs as the arm with fewer rows has rows. The draw depends on `seed` and the counts alone.

    Args:
        waiting: What earlier looks left.
        candidate: `(n, k)` or `(n,)` rows that came in.
        champion: `(m, k)` or `(m,)` rows of the other arm.
        seed: Where the draw comes from.

    Returns:
        `(pairs, k)` means of the candidate's groups, `(pairs, k)` of the champion's, and what waits on.
    """
    ours, theirs = _with(waiting.candidate, candidate), _with(waiting.champion, champion)
    pairs = min(len(ours), len(theirs))
    if not pairs:
        return np.empty((0, ours.shape[1])), np.empty((0, theirs.shape[1])), _left(ours, theirs)
    rng = np.random.default_rng([seed, len(ours), len(theirs)])
    return _means(rng.permutation(ours), pairs), _means(rng.permutation(theirs), pairs), Waiting()


def ranked(waiting: Waiting, positives: Floats, negatives: Floats, *, seed: int) -> tuple[Floats, Waiting]:
    """How much less often the candidate puts a positive above a negative than the champion does, pair by pair.

    Their mean is AUC(champion) - AUC(candidate), as the share of pairs in order is the area (Mann and Whitney 1947).

    Args:
        waiting: What earlier looks left; its `candidate` side holds positives, its `champion` side negatives.
        positives: `(n, 2)` scores of the candidate and of the champion.
        negatives: `(m, 2)` the same.
        seed: Where the draw comes from.

    Returns:
        `(min(n, m),)` in [-1, 1], each of rows that no other rests on, and what waits on.
    """
    ours, theirs = _with(waiting.candidate, positives), _with(waiting.champion, negatives)
    pairs = min(len(ours), len(theirs))
    if not pairs:
        return np.empty(0), _left(ours, theirs)
    rng = np.random.default_rng([seed, len(ours), len(theirs)])
    ours, theirs = rng.permutation(ours), rng.permutation(theirs)
    many = max(len(ours), len(theirs))
    starts = _starts(many, pairs)
    group = np.repeat(np.arange(pairs), np.diff(np.append(starts, many)))
    above = ours if len(ours) == many else ours[group]
    below = theirs if len(theirs) == many else theirs[group]
    in_order = (above > below) + 0.5 * (above == below)
    return _means((in_order[:, 1] - in_order[:, 0])[:, None], pairs)[:, 0], Waiting()


def _with(waiting: tuple[tuple[float, ...], ...], rows: Floats) -> Floats:
    new = rows.reshape(-1, 1) if rows.ndim == 1 else rows
    if not waiting:
        return new
    old = np.asarray(waiting, np.float64)
    return np.concatenate((old, new)) if len(new) else old


def _left(ours: Floats, theirs: Floats) -> Waiting:
    kept = [tuple(map(tuple, rows[-_MOST_WAITING:].tolist())) for rows in (ours, theirs)]
    return Waiting(candidate=kept[0], champion=kept[1])


def _means(rows: Floats, groups: int) -> Floats:
    starts = _starts(len(rows), groups)
    counts = np.diff(np.append(starts, len(rows)))
    means: Floats = np.add.reduceat(rows, starts, axis=0) / counts[:, None]
    return means


def _starts(rows: int, groups: int) -> npt.NDArray[np.intp]:
    return np.arange(groups) * rows // groups
