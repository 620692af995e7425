"""A stated bound on a share: may one request in a hundred fail, this says when more than that do.

Each period's cases are bet upon: if the true share lay at the bound or on the good side of it, a bet on a worse share,
`(q/b)^k ((1-q)/(1-b))^(n-k)` for k of n cases, would have mean 1 or less (it is convex in each case, so that values
between 0 and 1 may stand for cases). The bets are added up by Shiryaev-Roberts, so that however often one looks, an
alarm comes after A periods in the mean or later while the share keeps its bound. One period counts for at most the
`periods`-th root of A, so that a single bad minute, however bad, is no alarm; and there is none on fewer than
`min_count` cases.
"""

import math
from collections.abc import Sequence

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.detectors.figure_detector import new_figures
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.stats.intervals import Interval, clopper_pearson

_ODDS = (1.25, 1.6, 2.5, 5.0, 20.0, 100.0)
"""How many times worse than the bound the odds are that are bet on."""
_MOST = 1e300
_POOLED = 60
"""Periods that may be put together until there are enough cases for a figure."""
_LEVEL = 0.99


class ShareState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bets stand.

    Attributes:
        through: The first period not judged.
        sums: One Shiryaev-Roberts sum a bet.
        held: Cases and all, as (total, n), since the evidence began.
        recent: (total, n) of the newest periods that had any.
        alarmed: Whether an alarm is on.
        calm: Periods in a row within the bound, and their cases, since then.
        judged: Periods that had cases.
        last: The newest period's figure.
    """

    through: Micros = 0
    sums: tuple[float, ...] = ()
    held: tuple[float, int] = (0.0, 0)
    recent: tuple[tuple[float, int], ...] = ()
    alarmed: bool = False
    calm: tuple[int, int] = (0, 0)
    judged: int = 0
    last: PeriodFigure | None = None


class ShareBound:
    """See the module; satisfies `FigureDetector[ShareState]`.

    Args:
        name: Of its verdicts.
        at_most, at_least: The bounds, each inside (0, 1); at least one of them.
        mean_time_between_false_alarms: In periods, for a share that lies at its bound all the time.
        periods: The fewest periods that an alarm takes, and that well ones must follow it.
        min_count: Cases under which there is no alarm and no pass.
    """

    def __init__(
        self,
        name: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        mean_time_between_false_alarms: int,
        periods: int = 3,
        min_count: int = 20,
    ) -> None:
        self._name = name
        self._at_most = at_most
        self._at_least = at_least
        self._threshold = float(mean_time_between_false_alarms)
        self._periods = periods
        self._min_count = min_count
        self._most_a_period = max(self._threshold ** (1.0 / periods), 2.0)
        self._bets = (*_bets(at_most, worse=1.0), *_bets(at_least, worse=-1.0))

    def start(self, *, after: Micros = 0) -> ShareState:
        """See `FigureDetector.start`."""
        return ShareState(through=after, sums=(0.0,) * len(self._bets))

    def update(self, state: ShareState, figures: Sequence[PeriodFigure], *, through: Micros) -> ShareState:
        """See `FigureDetector.update`. Periods without cases change nothing but the newest figure."""
        for figure in new_figures(figures, judged_through=state.through, through=through):
            state = self._advanced(state, figure)
        return msgspec.structs.replace(state, through=max(state.through, through))

    def verdict(self, state: ShareState) -> Verdict:
        """Fail while an alarm is on; unknown where the newest period, or the newest sixty, have too few cases."""
        total, n = state.held if state.alarmed else self._pooled(state)
        span = clopper_pearson(total, n, _LEVEL)
        outcome, reason = self._said(state, span, n)
        evidence = sum(state.sums) / len(state.sums)
        return Verdict(
            check=self._name,
            outcome=outcome,
            reason=reason,
            value=span.value if n else None,
            threshold=self._at_most if self._at_most is not None else self._at_least,
            interval=(span.low, span.high) if span.known else None,
            n=n,
            details={
                "at_least": self._at_least,
                "at_most": self._at_most,
                "evidence": evidence,
                "mean_time_between_false_alarms_periods": self._threshold,
                "parts": state.last.parts if state.last else {},
                "named": list(state.last.named) if state.last and state.alarmed else [],
            },
        )

    def reset(self, state: ShareState) -> ShareState:
        """See `FigureDetector.reset`."""
        return msgspec.structs.replace(state, sums=(0.0,) * len(self._bets), held=(0.0, 0), alarmed=False, calm=(0, 0))

    def _advanced(self, state: ShareState, figure: PeriodFigure) -> ShareState:
        if figure.total is None or figure.n <= 0:
            return msgspec.structs.replace(state, last=figure)
        total, n = figure.total, figure.n
        sums = tuple(
            min((before + 1.0) * self._factor(bet, total, n), _MOST)
            for before, bet in zip(state.sums, self._bets, strict=True)
        )
        evidence = sum(sums) / len(sums)
        held = (state.held[0] + total, state.held[1] + n) if evidence >= 1.0 else (0.0, 0)
        after = msgspec.structs.replace(
            state,
            sums=sums,
            held=held,
            recent=((total, n), *state.recent)[:_POOLED],
            alarmed=state.alarmed or (evidence >= self._threshold and held[1] >= self._min_count),
            judged=state.judged + 1,
            last=figure,
        )
        return self._calmed(after, figure) if state.alarmed else after

    def _calmed(self, state: ShareState, figure: PeriodFigure) -> ShareState:
        """The alarm ends after enough periods and cases within the bound, not when the evidence has faded."""
        periods, cases = state.calm
        calm = (periods + 1, cases + figure.n) if self._within(figure.value) else (0, 0)
        if calm[0] >= self._periods and calm[1] >= self._min_count:
            return msgspec.structs.replace(self.reset(state), recent=state.recent[: calm[0]])
        return msgspec.structs.replace(state, calm=calm)

    def _within(self, value: float | None) -> bool:
        high = self._at_most is None or (value is not None and value <= self._at_most)
        return high and (self._at_least is None or (value is not None and value >= self._at_least))

    def _factor(self, bet: tuple[float, float], total: float, n: int) -> float:
        exponent = total * bet[0] + (n - total) * bet[1]
        return math.exp(min(exponent, math.log(self._most_a_period)))

    def _pooled(self, state: ShareState) -> tuple[float, int]:
        total, n = 0.0, 0
        for period_total, period_n in state.recent:
            total, n = total + period_total, n + period_n
            if n >= self._min_count:
                break
        return total, n

    def _said(self, state: ShareState, span: Interval, n: int) -> tuple[Outcome, str]:
        bounds = {"at most": self._at_most, "at least": self._at_least}
        bound = " and ".join(f"{words} {value:.4g}" for words, value in bounds.items() if value is not None)
        if state.alarmed:
            return Outcome.FAIL, f"{span.value:.4g} of {n} ({span.low:.4g} to {span.high:.4g}), where {bound} may be"
        if state.last is None:
            return Outcome.UNKNOWN, "no period has been judged yet"
        if state.last.value is None:
            return Outcome.UNKNOWN, state.last.reason or "the period has no cases"
        if n < self._min_count:
            return Outcome.UNKNOWN, f"{n} cases in the newest periods, {self._min_count} are needed"
        return self._for_now(span), f"{span.value:.4g} of {n}, where {bound} may be"

    def _for_now(self, span: Interval) -> Outcome:
        """Warn where the whole interval lies beyond the bound: not for long enough yet to be an alarm, but no pass."""
        over = self._at_most is not None and span.low > self._at_most
        under = self._at_least is not None and span.high < self._at_least
        return Outcome.WARN if over or under else Outcome.PASS


def _bets(bound: float | None, *, worse: float) -> tuple[tuple[float, float], ...]:
    """Log factors of a case that counts and of one that does not, for each bet."""
    if bound is None:
        return ()
    made = []
    for odds in _ODDS:
        ratio = bound / (1.0 - bound) * odds**worse
        share = ratio / (1.0 + ratio)
        made.append((math.log(share / bound), math.log((1.0 - share) / (1.0 - bound))))
    return tuple(made)
