"""A stated bound on a figure that is no share: an age, a count, memory, a mean.

A period breaches the bound when its figure does; where the figure has an interval, when all of the interval does. An
alarm comes after so many breaches in a row, and ends after as many periods within the bound. A period without a figure
is neither.
"""

from collections.abc import Sequence

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.detectors.figure_detector import new_figures
from loopwright.monitoring.period_figure import PeriodFigure


class LevelState(msgspec.Struct, frozen=True, kw_only=True):
    """Breaches and periods within the bound in a row.

    Attributes:
        through: The first period not judged.
        breaches: In a row, up to now.
        calm: Periods within the bound in a row, up to now.
        alarmed: Whether an alarm is on.
        last: The newest period's figure.
    """

    through: Micros = 0
    breaches: int = 0
    calm: int = 0
    alarmed: bool = False
    last: PeriodFigure | None = None


class LevelBound:
    """See the module; satisfies `FigureDetector[LevelState]`.

    Args:
        name: Of its verdicts.
        at_most, at_least: The bounds; at least one of them.
        periods: Breaches in a row that make an alarm, and periods within the bound that end it.
        min_count: A figure that rests on less says nothing.
        unit: Of the figure, in words.
    """

    def __init__(
        self,
        name: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        periods: int = 1,
        min_count: int = 0,
        unit: str = "",
    ) -> None:
        self._name = name
        self._at_most = at_most
        self._at_least = at_least
        self._periods = periods
        self._min_count = min_count
        self._unit = unit

    def start(self, *, after: Micros = 0) -> LevelState:
        """See `FigureDetector.start`."""
        return LevelState(through=after)

    def update(self, state: LevelState, figures: Sequence[PeriodFigure], *, through: Micros) -> LevelState:
        """See `FigureDetector.update`."""
        for figure in new_figures(figures, judged_through=state.through, through=through):
            state = self._advanced(state, figure)
        return msgspec.structs.replace(state, through=max(state.through, through))

    def verdict(self, state: LevelState) -> Verdict:
        """Fail while an alarm is on; warn while fewer breaches in a row have been seen than make one."""
        last = state.last
        outcome, reason = self._said(state)
        known = last is not None and last.low is not None and last.high is not None
        return Verdict(
            check=self._name,
            outcome=outcome,
            reason=reason,
            value=None if last is None else last.value,
            threshold=self._at_most if self._at_most is not None else self._at_least,
            interval=(last.low, last.high) if last is not None and known else None,  # type: ignore[arg-type]
            n=None if last is None else last.n,
            details={
                "at_least": self._at_least,
                "at_most": self._at_most,
                "breaches": state.breaches,
                "parts": last.parts if last else {},
                "named": list(last.named) if last and state.alarmed else [],
            },
        )

    def reset(self, state: LevelState) -> LevelState:
        """See `FigureDetector.reset`."""
        return msgspec.structs.replace(state, breaches=0, calm=0, alarmed=False)

    def _advanced(self, state: LevelState, figure: PeriodFigure) -> LevelState:
        if not self._speaks(figure):
            return msgspec.structs.replace(state, last=figure)
        breached = self._breaches(figure)
        breaches = state.breaches + 1 if breached else 0
        calm = 0 if breached else state.calm + 1
        alarmed = breaches >= self._periods or (state.alarmed and calm < self._periods)
        return msgspec.structs.replace(state, breaches=breaches, calm=calm, alarmed=alarmed, last=figure)

    def _speaks(self, figure: PeriodFigure) -> bool:
        return figure.value is not None and figure.n >= self._min_count

    def _breaches(self, figure: PeriodFigure) -> bool:
        value = figure.value
        if value is None:
            return False
        low = value if figure.low is None else figure.low
        high = value if figure.high is None else figure.high
        return (self._at_most is not None and low > self._at_most) or (
            self._at_least is not None and high < self._at_least
        )

    def _said(self, state: LevelState) -> tuple[Outcome, str]:
        last = state.last
        if last is None:
            return Outcome.UNKNOWN, "no period has been judged yet"
        if last.value is None or not self._speaks(last):
            why = last.reason or f"it rests on {last.n}, {self._min_count} are needed"
            return (Outcome.FAIL, f"no figure since the alarm; {why}") if state.alarmed else (Outcome.UNKNOWN, why)
        bounds = [f"at most {_plain(self._at_most)}"] if self._at_most is not None else []
        bounds += [f"at least {_plain(self._at_least)}"] if self._at_least is not None else []
        words = f"{_plain(last.value)}{self._unit and ' ' + self._unit}, where {' and '.join(bounds)} may be"
        if last.reason:
            words += f" ({last.reason})"
        if state.alarmed:
            return Outcome.FAIL, words
        return (Outcome.WARN if state.breaches else Outcome.PASS), words


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
