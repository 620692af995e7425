"""Where requests lie in the log, by name: a label finds its request without a search through everything logged."""

import numpy as np
import numpy.typing as npt
import polars as pl

from loopwright.core.clock import SECOND, Micros

Times = npt.NDArray[np.int64]
_Hashes = npt.NDArray[np.uint64]
_SEED = 7
_MOST_SPANS = 64
_NEAR: Micros = SECOND


class RequestIndex:
    """Names of requests (ids, or keys) and when each was received; 16 bytes a request. Used by one thread.

    Names are kept as 64-bit hashes in sorted runs, of which there are never more than about the logarithm of their
    number, so that adding and finding cost next to nothing however much has been logged. Two names may share a hash
    (once in 2**64 pairs): who looks a request up by its time compares the name itself.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[_Hashes, Times]] = []

    def __len__(self) -> int:
        return sum(len(times) for _, times in self._runs)

    def add(self, names: pl.Series, at: pl.Series) -> None:
        """Add requests; a null is no name.

        Args:
            names: `(n,)` text.
            at: `(n,)` times of receipt.
        """
        named = names.is_not_null()
        hashes, times = _hashes(names.filter(named)), at.filter(named).to_numpy().astype(np.int64)
        if not len(hashes):
            return
        order = np.argsort(hashes, kind="stable")
        self._runs.append((hashes[order], times[order]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))

    def times(self, names: pl.Series) -> Times:
        """When requests of these names were received, in order, each time once."""
        hashes = np.unique(_hashes(names.drop_nulls()))
        found = [_times_in(run, hashes) for run in self._runs]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)

    def knows(self, names: pl.Series) -> npt.NDArray[np.bool_]:
        """`(n,)`: which of the names have been added; a null never."""
        hashes = _hashes(names)
        found = np.zeros(len(hashes), bool)
        for run, _ in self._runs:
            places = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            found |= run[places] == hashes
        named: npt.NDArray[np.bool_] = names.is_not_null().to_numpy()
        return found & named


def spans(times: Times) -> tuple[tuple[Micros, Micros], ...]:
    """A few half-open spans that cover the times; what lies within a second is one, and the widest gaps are left out.

    Args:
        times: `(n,)`, ascending.
    """
    if not len(times):
        return ()
    gaps = np.diff(times)
    widest = np.sort(np.argsort(gaps)[::-1][: _MOST_SPANS - 1])
    cuts = widest[gaps[widest] > _NEAR]
    firsts, lasts = np.r_[0, cuts + 1], np.r_[cuts, len(times) - 1]
    return tuple((int(times[first]), int(times[last]) + 1) for first, last in zip(firsts, lasts, strict=True))


def _hashes(names: pl.Series) -> _Hashes:
    return names.cast(pl.String).hash(_SEED).to_numpy()


def _merged(one: tuple[_Hashes, Times], other: tuple[_Hashes, Times]) -> tuple[_Hashes, Times]:
    hashes = np.concatenate([one[0], other[0]])
    order = np.argsort(hashes, kind="stable")
    return hashes[order], np.concatenate([one[1], other[1]])[order]


def _times_in(run: tuple[_Hashes, Times], hashes: _Hashes) -> Times:
    left, right = (np.searchsorted(run[0], hashes, side=side) for side in ("left", "right"))
    counts = right - left
    places = np.repeat(left - np.r_[0, np.cumsum(counts)[:-1]], counts) + np.arange(counts.sum())
    found: Times = run[1][places]
    return found
