"""The incident rule for whole rows: one observation a window, with a stated mean time between false alarms.

A measure (`RowMeasure`) compares each window with the reference's sample. Its figures, less what the window before
foretold, are ranked among the reference's own windows and all windows since; ranks are bet upon
(`stats.exchangeability`), and the evidence is the mean over figures and bets. Under no change it reaches A after A
windows in the mean or later. It counts only while the effect of the recent windows is worth an incident.
"""

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.blocks import innovation
from loopwright.monitoring.detectors.row_measure import Measured, RowMeasure
from loopwright.monitoring.row_reference import MIN_WINDOWS, RowReference
from loopwright.stats.exchangeability import Detector, detector, observe, restart

if TYPE_CHECKING:
    import polars as pl

_KEPT = 0.6
"""Weight of the windows before in the recent effect; the newest one has the rest."""
_REPORT_ALPHA = 0.01
_NAMED = 5


class FigureBets(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: its bets, its value on the last window, and what that adds to the window before."""

    figure: str
    bets: Detector
    value: float | None = None
    news: float | None = None


class RowWindowState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rule stands.

    Attributes:
        figures: What is bet upon.
        period: The last period of the last window judged; later ones are next.
        windows: Windows judged since the start or the last reset.
        effect: Of the recent windows.
        last: What the last window came to; its figures are in `figures`.
        gone: Columns that were there in the reference and have no value in the last window.
    """

    figures: tuple[FigureBets, ...]
    period: int | None = None
    windows: int = 0
    effect: float = 0.0
    last: Measured | None = None
    gone: tuple[str, ...] = ()


class RowWindowRank:
    """See the module.

    Args:
        reference: Of the rule.
        measure: What compares; the one that the reference was made with.
        mean_time_between_false_alarms: In windows.
        least_effect: On the measure's scale; its own where None.
        name: Of its verdicts.
    """

    def __init__(
        self,
        reference: RowReference,
        measure: RowMeasure,
        *,
        mean_time_between_false_alarms: int = 1_000,
        least_effect: float | None = None,
        name: str = "rows_drift",
    ) -> None:
        self._reference = reference
        self._measure = measure
        self._threshold = float(mean_time_between_false_alarms)
        self._least_effect = measure.least_effect if least_effect is None else least_effect
        self._name = name

    def start(self, *, after: int | None = None) -> RowWindowState:
        """Calibrated on the reference's windows. Periods up to `after` are not judged."""
        sides = self._measure.sides(tuple(self._reference.base.columns))
        usable = {name: c for name, c in self._reference.figures.items() if len(c.values) >= MIN_WINDOWS}
        figures = tuple(
            FigureBets(figure=name, bets=detector(calibration.values, sides[name]))
            for name, calibration in usable.items()
        )
        return RowWindowState(figures=figures, period=after)

    def update(self, state: RowWindowState, window: "pl.DataFrame", *, period: int) -> RowWindowState:
        """The state after a window that ends with a period; the same state where that has been judged.

        Args:
            state: Before.
            window: As many rows as the reference's windows have.
            period: The number of its last period.
        """
        if state.period is not None and period <= state.period:
            return state
        if window.height == 0 or not state.figures:
            return msgspec.structs.replace(state, period=period)
        measured = self._measure.measure(self._reference.base, window, explain=True)
        follows = state.period is not None and period == state.period + 1
        figures = tuple(self._grown(figure, measured, follows=follows) for figure in state.figures)
        kept = _KEPT if state.windows else 0.0
        return RowWindowState(
            figures=figures,
            period=period,
            windows=state.windows + 1,
            effect=round(kept * state.effect + (1 - kept) * measured.effect, 6),
            last=msgspec.structs.replace(measured, figures={}),
            gone=_gone(self._reference.base, window),
        )

    def verdict(self, state: RowWindowState) -> Verdict:
        """Fail when the evidence reaches the stated mean time between false alarms and the effect matters."""
        if not state.figures:
            told = f"the reference gives {self._reference.windows} windows of {self._reference.rows} rows"
            return self._unknown(f"{told} beside its sample, {MIN_WINDOWS} are needed: take fewer rows to a window")
        if state.last is None:
            return self._unknown("no complete window has been seen yet")
        evidence = float(np.mean([figure.bets.evidence for figure in state.figures]))
        alarmed = evidence >= self._threshold and state.effect >= self._least_effect
        named = _named(state) if alarmed else []
        missing = f"; {', '.join(state.gone)} came without a value" if state.gone else ""
        return Verdict(
            check=self._name,
            outcome=Outcome.FAIL if alarmed else Outcome.PASS,
            reason=self._reason(state, evidence, named=named, alarmed=alarmed) + missing,
            value=evidence,
            threshold=self._threshold,
            n=state.windows,
            details=self._details(state) | {"named": named},
        )

    def report(self, state: RowWindowState) -> Verdict:
        """The report rule on the last window alone; never fails.

        Warn where it lies beyond every window of the reference, its p-value (which takes rows for independent) is at
        most 0.01, and the effect matters.
        """
        name = f"{self._name}_report"
        if state.last is None or state.last.p_value is None:
            return Verdict(check=name, outcome=Outcome.UNKNOWN, reason="no window to report on")
        is_rare = state.last.p_value <= _REPORT_ALPHA and any(self._is_beyond(figure) for figure in state.figures)
        moved = is_rare and state.last.effect >= self._least_effect
        effect = f"{self._measure.scale} {state.last.effect:.3g}"
        return Verdict(
            check=name,
            outcome=Outcome.WARN if moved else Outcome.PASS,
            reason=f"the last window {'looks moved' if moved else 'does not look moved'}: {effect}",
            value=state.last.effect,
            threshold=self._least_effect,
            n=self._reference.rows,
            details=self._details(state) | {"p_value": state.last.p_value, "alpha": _REPORT_ALPHA},
        )

    def reset(self, state: RowWindowState) -> RowWindowState:
        """The windows seen stay in the ranks; the evidence starts from nothing."""
        figures = tuple(msgspec.structs.replace(figure, bets=restart(figure.bets)) for figure in state.figures)
        return RowWindowState(figures=figures, period=state.period)

    def _grown(self, figure: FigureBets, measured: Measured, *, follows: bool) -> FigureBets:
        value = measured.figures.get(figure.figure, float("nan"))
        if not np.isfinite(value):
            return msgspec.structs.replace(figure, value=None, news=None)
        memory = self._reference.figures[figure.figure].memory
        told = innovation(value, figure.value if follows else None, memory)
        return FigureBets(figure=figure.figure, bets=observe(figure.bets, told), value=value, news=told)

    def _is_beyond(self, figure: FigureBets) -> bool:
        """Whether the last window lies beyond every window of the reference, on a side that counts."""
        usual = self._reference.figures[figure.figure].values
        if figure.news is None:
            return False
        return figure.news > max(usual) or (figure.bets.side == "both" and figure.news < min(usual))

    def _unknown(self, reason: str) -> Verdict:
        return Verdict(check=self._name, outcome=Outcome.UNKNOWN, reason=reason, threshold=self._threshold)

    def _reason(self, state: RowWindowState, evidence: float, *, named: list[str], alarmed: bool) -> str:
        if not alarmed:
            slight = evidence >= self._threshold
            return f"evidence {evidence:.3g} of {self._threshold:g} that the rows moved" + (
                f", but the effect {state.effect:.3g} is under {self._least_effect:g}" if slight else ""
            )
        where = f", most of all {', '.join(named)}" if named else ""
        return f"the rows are unlike the reference's{where} ({self._measure.scale} {state.effect:.3g})"

    def _details(self, state: RowWindowState) -> dict[str, Any]:
        last = state.last
        return {
            "measure": self._measure.name,
            "columns": list(last.columns) if last else [],
            "figures": {f.figure: {"value": f.value, "evidence": f.bets.evidence} for f in state.figures},
            "effect": state.effect,
            "effect_is": self._measure.scale,
            "least_effect": self._least_effect,
            "rows_a_window": self._reference.rows,
            "reference_windows": self._reference.windows,
            "mean_time_between_false_alarms_windows": self._threshold,
        } | (last.details if last else {})


def _named(state: RowWindowState) -> list[str]:
    """The columns to look at: those without a value, then those that separate at least a fifth as well as the best."""
    if state.last is None:
        return list(state.gone)
    strength = [
        (entry["column"], next(value for key, value in entry.items() if key != "column"))
        for entry in state.last.columns
    ]
    best = strength[0][1] if strength else 0.0
    return list(dict.fromkeys([*state.gone, *(name for name, value in strength[:_NAMED] if value >= best / 5)]))


def _gone(base: "pl.DataFrame", window: "pl.DataFrame") -> tuple[str, ...]:
    def empty(table: "pl.DataFrame", name: str) -> bool:
        values = table[name].drop_nulls()
        if values.dtype.is_nested():
            return not values.list.len().sum()
        return (values.drop_nans() if values.dtype.is_float() else values).len() == 0

    return tuple(name for name in base.columns if empty(window, name) and not empty(base, name))
