"""No bound was stated: is the figure as it usually is at this hour of this weekday?

Each period's figure is compared with the median of the same hour of the same weekday in the weeks before (of the same
hour of the days before, while there are not enough weeks; of nothing, where neither makes sense). What is left
remembers: a busy hour follows a busy hour. So it enters as its innovation over the hour before, with the lag-1
correlation of what is left, and its rank among the innovations of the weeks before is bet upon, as
`stats.exchangeability` does. The evidence of all bets together reaches A after A periods in the mean or later while
nothing has changed.

A change can be real and not worth waking anyone for: evidence counts only while the figure differs from the expected
one by `least_change`. What is seen during an alarm is no part of what is usual, until it has lasted for a week: then it
is the new usual, and is learned anew.
"""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from loopwright.core.clock import Micros, iso
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.detectors.figure_detector import new_figures
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.monitoring.seasons import Left, Scale, expected_of, left_over, on_scale
from loopwright.stats.arrays import floats
from loopwright.stats.exchangeability import conformal_p, rank_bets

MIN_PAST = 48
"""Innovations under which a rank says too little for a verdict."""
_WEEKS_KEPT = 6
_LEAST_KEPT = 336
_CALM = 3
_CENTRAL = 0.05
"""A figure whose rank is this far from either end is called ordinary."""
_MOST = 1e300
_BETS = 6
_WEEK: Micros = 7 * 86_400 * 1_000_000

Season = Literal["weekday", "hour", "none"]


class UsualState(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual, and the bets.

    Attributes:
        through: The first period not judged.
        first: Number (since 1970) of the first period in `values`.
        values: On the detector's scale, one a period; None where there was no figure.
        held: Numbers of periods that are no part of what is usual.
        sums: One Shiryaev-Roberts sum a bet.
        extreme: Periods in a row, up to now, that were out of the ordinary.
        far: Periods in a row, up to now, that were so far out that chance has no part in it.
        calm: Ordinary periods in a row since the alarm.
        alarmed: Number of the period in which the alarm came; None where none is on.
        judged: Periods that were bet upon.
        last: The newest period's figure.
        expected: What it was compared with, in the figure's own unit, and the range that is usual.
        why: Why the newest period was not judged.
    """

    through: Micros = 0
    first: int = 0
    values: tuple[float | None, ...] = ()
    held: tuple[int, ...] = ()
    sums: tuple[float, ...] = (0.0,) * _BETS
    extreme: int = 0
    far: int = 0
    calm: int = 0
    alarmed: int | None = None
    judged: int = 0
    last: PeriodFigure | None = None
    expected: tuple[float, float, float] | None = None
    why: str = ""


class Usual:
    """See the module; satisfies `FigureDetector[UsualState]`.

    Args:
        name: Of its verdicts.
        period_us: Length of a period.
        mean_time_between_false_alarms: In periods.
        season: What is compared with what.
        scale: `log` for counts and times, `share` for shares, `plain` for what may be negative.
        least_change: Share of the expected figure by which it must differ for evidence to count.
        min_count: A figure that rests on less says nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        period_us: Micros,
        mean_time_between_false_alarms: int,
        season: Season = "weekday",
        scale: Scale = "log",
        least_change: float = 0.2,
        min_count: int = 0,
    ) -> None:
        self._name = name
        self._period = period_us
        self._threshold = float(mean_time_between_false_alarms)
        self._season: Season = season
        self._scale: Scale = scale
        self._least_change = least_change
        self._min_count = min_count
        self._week = max(_WEEK // period_us, 1)
        self._kept = max(_WEEKS_KEPT * self._week, _LEAST_KEPT)

    def start(self, *, after: Micros = 0) -> UsualState:
        """See `FigureDetector.start`."""
        return UsualState(through=after)

    def update(self, state: UsualState, figures: Sequence[PeriodFigure], *, through: Micros) -> UsualState:
        """See `FigureDetector.update`."""
        for figure in new_figures(figures, judged_through=state.through, through=through):
            state = self._advanced(state, figure)
        return msgspec.structs.replace(state, through=max(state.through, through))

    def verdict(self, state: UsualState) -> Verdict:
        """Fail while an alarm is on; unknown until there is enough of a past, and where a period has no figure."""
        last = state.last
        evidence = float(np.mean(state.sums))
        outcome, reason = self._said(state)
        usual = state.expected
        return Verdict(
            check=self._name,
            outcome=outcome,
            reason=reason,
            value=None if last is None else last.value,
            threshold=None,
            interval=None if usual is None else (usual[1], usual[2]),
            n=None if last is None else last.n,
            details={
                "usual": None if usual is None else usual[0],
                "evidence": evidence,
                "mean_time_between_false_alarms_periods": self._threshold,
                "least_change": self._least_change,
                "periods_judged": state.judged,
                "parts": last.parts if last else {},
                "named": list(last.named) if last and state.alarmed is not None else [],
            },
        )

    def reset(self, state: UsualState) -> UsualState:
        """See `FigureDetector.reset`."""
        return msgspec.structs.replace(state, sums=(0.0,) * _BETS, extreme=0, far=0, calm=0, alarmed=None)

    def _advanced(self, state: UsualState, figure: PeriodFigure) -> UsualState:
        number = figure.at // self._period
        if figure.value is None or figure.n < self._min_count or not math.isfinite(figure.value):
            why = figure.reason or f"it rests on {figure.n}, {self._min_count} are needed"
            return msgspec.structs.replace(self._placed(state, number, None), last=figure, why=why)
        placed = self._placed(state, number, on_scale(self._scale, figure.value))
        left = self._left(placed)
        past = left.past_innovations
        if past.size < MIN_PAST or not math.isfinite(left.innovation):
            why = f"{past.size} periods to compare with, {MIN_PAST} are needed"
            return msgspec.structs.replace(placed, last=figure, why=why, expected=None)
        bets = rank_bets(conformal_p(past.tolist(), left.innovation), "both")
        sums = np.minimum((floats(placed.sums) + 1.0) * bets, _MOST)
        rank = conformal_p(np.sort(left.past).tolist(), left.now)
        ordinary = _CENTRAL <= rank <= 1.0 - _CENTRAL
        judged = msgspec.structs.replace(
            placed,
            sums=tuple(sums.tolist()),
            extreme=0 if ordinary else placed.extreme + 1,
            far=placed.far + 1 if left.far_out else 0,
            judged=placed.judged + 1,
            last=figure,
            expected=expected_of(self._scale, left),
            why="",
        )
        return self._alarmed(judged, number) if state.alarmed is None else self._after_alarm(judged, number, ordinary)

    def _alarmed(self, state: UsualState, number: int) -> UsualState:
        if float(np.mean(state.sums)) < self._threshold or not self._matters(state):
            return state
        began = number - max(state.extreme, 1) + 1
        held = tuple(sorted({*state.held, *range(began, number + 1)}))
        return msgspec.structs.replace(state, alarmed=number, held=held, calm=0)

    def _after_alarm(self, state: UsualState, number: int, ordinary: bool) -> UsualState:
        began = state.alarmed or number
        if number - began >= max(self._week, MIN_PAST):
            gone = began - state.first
            fresh = msgspec.structs.replace(state, first=began, values=state.values[gone:], held=())
            return self.reset(fresh)
        if not ordinary:
            return msgspec.structs.replace(state, held=(*state.held, number), calm=0)
        calmer = msgspec.structs.replace(state, calm=state.calm + 1)
        return self.reset(calmer) if calmer.calm >= _CALM else calmer

    def _matters(self, state: UsualState) -> bool:
        if state.expected is None or state.last is None or state.last.value is None:
            return False
        usual, value = state.expected[0], state.last.value
        return abs(value - usual) >= self._least_change * max(abs(usual), 1e-12)

    def _placed(self, state: UsualState, number: int, value: float | None) -> UsualState:
        """The state with a value at a period; periods in between have none."""
        first, values = state.first, state.values
        gap = number - (first + len(values))
        if not values or gap > self._kept:
            return msgspec.structs.replace(state, first=number, values=(value,), held=())
        kept = (*values, *((None,) * gap), None if value is None else round(value, 6))[-self._kept :]
        first = number - len(kept) + 1
        return msgspec.structs.replace(
            state, first=first, values=kept, held=tuple(one for one in state.held if one >= first)
        )

    def _left(self, state: UsualState) -> Left:
        values = floats([math.nan if value is None else value for value in state.values])
        held = np.zeros(values.size, dtype=bool)
        held[[one - state.first for one in state.held]] = True
        if state.far:  # a run that is far out is not compared with itself
            held[-1 - state.far : -1] = True
        return left_over(values, held, lags=self._lags())

    def _lags(self) -> tuple[int, ...]:
        """Distances, in periods, to what a period is compared with; the first one with enough of a past is taken."""
        day = self._week // 7
        weekday = (self._week,) if self._season == "weekday" and self._week > 1 else ()
        return (*weekday, *((day,) if self._season != "none" and day > 1 else ()))

    def _said(self, state: UsualState) -> tuple[Outcome, str]:
        last = state.last
        if last is None:
            return Outcome.UNKNOWN, "no period has been judged yet"
        if state.alarmed is not None and state.expected is not None:
            since = iso(state.alarmed * self._period)[:16]
            return Outcome.FAIL, f"{self._words(state)} since {since}Z"
        if state.why:
            return Outcome.UNKNOWN, state.why
        return Outcome.PASS, self._words(state)

    def _words(self, state: UsualState) -> str:
        last, usual = state.last, state.expected
        if last is None or last.value is None or usual is None:
            return "no figure in the newest period"
        return f"{_short(last.value)}, where {_short(usual[1])} to {_short(usual[2])} is usual at this time"


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
