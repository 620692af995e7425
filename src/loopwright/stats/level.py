"""Has the level of a daily figure risen above a bound? Evidence that may be looked at every day.

Days remember: a bad day follows a bad day, so each enters as its innovation over the day before, with the memory (lag-1
correlation) estimated on the same days about their two levels before and after the likeliest change. An innovation is
standardised by those before it alone, and brought to the normal scale by Student's distribution, which is exact for
independent normal days whose spread must be estimated. Gaussian bets of several sizes are started at every day and
summed up (Shiryaev-Roberts; "e-detectors": Shin, Ramdas, Rinaldo 2023): with the level at the bound or below, a sum of
A comes after A days in the mean or later. Single wild days are cut off, so that no day alone can raise an alarm.

What the rate is where days are not normal and the memory is estimated is measured: `benchmarks/performance_alarms.py`.
"""

from dataclasses import dataclass

import numpy as np

from loopwright.stats.arrays import Floats, floats

_BETS = floats([0.1, 0.2, 0.4, 0.8, 1.4])
_FIRST = 6
"""Days from which a spread is estimated before the first bet."""
_MOST_DEGREES = 30
_MOST_SURPRISE = 3.0
"""Standard deviations that one day counts at most."""
_MOST_MEMORY = 0.9
_EDGE = 4
"""Days that each side of a change has at least, where the memory is estimated."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelEvidence:
    """How sure it is that the level lies above the bound.

    Attributes:
        log_evidence: (n,) log of the mean Shiryaev-Roberts sum after each day; log(A) is an alarm once in A days in the
            mean or later. Minus infinity while there is none.
        begins: The day from which on the evidence speaks loudest, as a position in (0, n): the likeliest change.
        memory: The lag-1 correlation that was taken off.
    """

    log_evidence: Floats
    begins: int
    memory: float

    @property
    def now(self) -> float:
        """The evidence after the last day; minus infinity without days."""
        return float(self.log_evidence[-1]) if self.log_evidence.size else float("-inf")


def level_evidence(excess: Floats) -> LevelEvidence:
    """Evidence that the mean of a series lies above nought.

    Args:
        excess: (n,) a day's figure less its bound, above nought where it is beyond; finite, in order of days.
    """
    excess = floats(excess)
    memory = step_memory(excess)
    fresh = excess.copy()
    fresh[1:] -= memory * excess[:-1]
    fresh[:1] *= np.sqrt(1 - memory**2)
    scores, counted = _standardised(fresh)
    bets = np.where(counted, _BETS[:, None] * scores - _BETS[:, None] ** 2 / 2, 0.0)
    grown = np.cumsum(bets, axis=1)
    before = np.where(counted, bets - grown, -np.inf)
    if not counted.any():
        return LevelEvidence(log_evidence=np.full(excess.size, -np.inf), begins=0, memory=memory)
    sums = grown + np.logaddexp.accumulate(before, axis=1)
    evidence = np.logaddexp.reduce(sums, axis=0) - np.log(_BETS.size)
    best = int(np.argmax(sums[:, -1]))
    return LevelEvidence(log_evidence=evidence, begins=int(np.argmax(before[best])), memory=memory)


def step_memory(values: Floats) -> float:
    """Lag-1 correlation of a series about its levels before and after its likeliest change, in [0, 0.9].

    It is corrected for its bias (Kendall 1954), and half a standard error is added: too little taken off costs false
    alarms, too much only time. 0 with fewer than ten values.
    """
    n = values.size
    if n < 2 * _EDGE + 2:
        return 0.0
    sums, counts = np.cumsum(values), np.arange(1, n + 1)
    gain = (sums[:-1] - counts[:-1] * sums[-1] / n) ** 2 / (counts[:-1] * (n - counts[:-1]))
    change = _EDGE + int(np.argmax(gain[_EDGE - 1 : n - _EDGE]))
    rest = np.concatenate([part - part.mean() for part in (values[:change], values[change:])])
    total = float(rest @ rest)
    if total <= 0.0:
        return 0.0
    found = float(rest[1:] @ rest[:-1]) / total
    return float(np.clip(found + (1 + 4 * found) / n + 0.5 / np.sqrt(n), 0.0, _MOST_MEMORY))


def _standardised(fresh: Floats) -> tuple[Floats, np.ndarray]:
    """(n,) normal scores of values among those before them, and which of them count."""
    from scipy import special

    n = fresh.size
    known = np.arange(n, dtype=np.float64)
    first, second = (np.concatenate([[0.0], np.cumsum(fresh**power)[:-1]]) for power in (1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (second - first**2 / known) / (known - 1)
        counted = (known >= _FIRST) & (spread > 1e-12 * np.maximum(second / known, 1e-300))
        ratio = np.where(counted, fresh / np.sqrt(np.where(counted, spread, 1.0)), 0.0)
    chance = special.stdtr(np.clip(known - 1, 1, _MOST_DEGREES), ratio)
    scores = special.ndtri(np.clip(chance, 1e-12, 1 - 1e-12))
    return np.minimum(scores, _MOST_SURPRISE), counted
