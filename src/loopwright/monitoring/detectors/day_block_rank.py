"""The incident rule: sequential, one observation a day, with a stated mean time between false alarms.

Each day of each column gives its figures (`monitoring.blocks`); each figure's innovation is ranked among the reference
days and all days since; ranks are bet upon (`stats.exchangeability`), and the evidence is the mean over all columns,
figures and bets. Under no change it reaches A after A days in the mean or later, whatever the number of columns and
their dependence, so A itself is the stated mean time.

A change can be real and not worth waking anyone for. So the evidence of a column counts only while its recent
distribution lies at least `least_effect` from the reference, which can only make false alarms rarer.
"""

from typing import Any

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.blocks import FigureName, figure_of, innovation
from loopwright.monitoring.reference import LABEL, MIN_BLOCK_ROWS, PREDICTION, ColumnReference, Figure, Reference
from loopwright.monitoring.window import Window
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.distances import total_variation
from loopwright.stats.exchangeability import Detector, detector, observe, restart

MIN_BLOCKS = 10
"""Reference days under which ranks are too coarse for a verdict."""
_NAMED = 12
"""Columns listed in a verdict."""
_HALF_LIFE_DAYS = 7.0
"""Age at which a day weighs half in the recent distribution."""


class FigureWatch(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a column: its bets, and its value on the column's last day."""

    figure: FigureName
    bets: Detector
    value: float | None = None


class ColumnWatch(msgspec.Struct, frozen=True, kw_only=True):
    """One column under watch.

    Attributes:
        column: Its name.
        figures: The figures watched.
        day: The last day judged.
        recent: Counts over its bins, each day weighing half of one seven days younger.
    """

    column: str
    figures: tuple[FigureWatch, ...]
    day: int | None = None
    recent: tuple[float, ...] = ()


class DayBlockState(msgspec.Struct, frozen=True, kw_only=True):
    """All columns, and how many days have been judged since the start or the last reset."""

    columns: tuple[ColumnWatch, ...]
    days: int = 0


class DayBlockRank:
    """See the module; satisfies `DriftDetector[DayBlockState]`.

    Args:
        reference: The model's.
        mean_time_between_false_alarms: In days.
        least_effect: Distance from the reference from which a feature's evidence counts: total variation, or twice the
            change of its missing share where that is more. Half of it for prediction and label, which matter directly.
        columns: Names to watch; all of the reference's when None.
        name: Of its verdicts.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        mean_time_between_false_alarms: int = 1_000,
        least_effect: float = 0.1,
        columns: tuple[str, ...] | None = None,
        name: str = "drift",
    ) -> None:
        self._reference = reference
        self._threshold = float(mean_time_between_false_alarms)
        self._least_effect = least_effect
        self._columns = {c.name: c for c in reference.columns if columns is None or c.name in columns}
        self._name = name

    def start(self, *, after: int | None = None) -> DayBlockState:
        """Calibrated on the reference days. Give the day of the release as `after`: its traffic is partial."""
        watches = []
        for column in self._columns.values():
            usable = [figure for figure in column.figures if len(figure.calibration) >= MIN_BLOCKS]
            figures = tuple(FigureWatch(figure=figure.name, bets=_calibrated(figure)) for figure in usable)
            if figures:
                watches.append(ColumnWatch(column=column.name, figures=figures, day=after))
        return DayBlockState(columns=tuple(watches))

    def update(self, state: DayBlockState, window: Window, *, through: int) -> DayBlockState:
        """See `DriftDetector.update`. Days with under ten rows of a column are passed over for that column."""
        judged: set[int] = set()
        columns = []
        for watch in state.columns:
            counts = window.columns.get(watch.column, {})
            days = [day for day in sorted(counts) if _due(day, counts[day], judged=watch.day, through=through)]
            for day in days:
                watch = _advanced(watch, self._columns[watch.column], day=day, counts=floats(counts[day]))  # noqa: PLW2901
            columns.append(watch)
            judged.update(days)
        return DayBlockState(columns=tuple(columns), days=state.days + len(judged))

    def verdict(self, state: DayBlockState) -> Verdict:
        """Fail when the evidence reaches the stated mean time between false alarms.

        `details["named"]` are the columns to look at, whose own evidence is at least a tenth of what an alarm needs.
        """
        if not state.columns:
            return self._unknown(f"the reference has {self._reference.blocks} days with rows, {MIN_BLOCKS} are needed")
        if state.days == 0:
            return self._unknown("no complete day has been seen yet")
        ranked = sorted(
            (self._described(watch) for watch in state.columns),
            key=lambda entry: (-entry["counts"], -entry["evidence"]),
        )
        figures = sum(len(watch.figures) for watch in state.columns)
        evidence = sum(entry["total"] for entry in ranked if entry["counts"]) / figures
        alarmed = evidence >= self._threshold
        bar = self._threshold / 10
        named = [entry["column"] for entry in ranked if entry["counts"] and entry["evidence"] >= bar] if alarmed else []
        reason = (
            f"the distribution of {', '.join(named)} moved"
            if alarmed
            else f"evidence {evidence:.3g} of {self._threshold:g} that any distribution moved"
        )
        return Verdict(
            check=self._name,
            outcome=Outcome.FAIL if alarmed else Outcome.PASS,
            reason=reason + ("" if self._reference.timed else " (the reference has no event time)"),
            value=evidence,
            threshold=self._threshold,
            n=state.days,
            details={
                "columns": ranked[:_NAMED],
                "named": named,
                "mean_time_between_false_alarms_days": self._threshold,
                "least_effect": self._least_effect,
            },
        )

    def reset(self, state: DayBlockState) -> DayBlockState:
        """The days seen stay in the ranks; the evidence starts from nothing."""
        return DayBlockState(columns=tuple(_cleared(watch) for watch in state.columns))

    def _unknown(self, reason: str) -> Verdict:
        return Verdict(check=self._name, outcome=Outcome.UNKNOWN, reason=reason, threshold=self._threshold)

    def _described(self, watch: ColumnWatch) -> dict[str, Any]:
        column = self._columns[watch.column]
        effect = _effect(column, watch)
        least = self._least_effect / 2 if watch.column in (PREDICTION, LABEL) else self._least_effect
        strongest = max(watch.figures, key=lambda figure: figure.bets.evidence)
        return {
            "column": watch.column,
            "counts": effect >= least,
            "evidence": strongest.bets.evidence,
            "total": sum(figure.bets.evidence for figure in watch.figures),
            "figure": strongest.figure,
            "latest": strongest.value,
            "effect": effect,
            "days": strongest.bets.seen,
        }


def _due(day: int, counts: tuple[int, ...], *, judged: int | None, through: int) -> bool:
    return day < through and (judged is None or day > judged) and sum(counts) >= MIN_BLOCK_ROWS


def _advanced(watch: ColumnWatch, column: ColumnReference, *, day: int, counts: Floats) -> ColumnWatch:
    age = 0 if watch.day is None else day - watch.day
    recent = floats(watch.recent) * 0.5 ** (age / _HALF_LIFE_DAYS) + counts if watch.recent else counts
    memories = {figure.name: figure.memory for figure in column.figures}
    figures = []
    for figure in watch.figures:
        value = figure_of(figure.figure, counts, column.standard)
        before = figure.value if watch.day == day - 1 else None
        bets = figure.bets
        if np.isfinite(value):
            bets = observe(bets, innovation(value, before, memories[figure.figure]))
        figures.append(FigureWatch(figure=figure.figure, bets=bets, value=value if np.isfinite(value) else None))
    return ColumnWatch(column=watch.column, figures=tuple(figures), day=day, recent=tuple(np.round(recent, 3).tolist()))


def _cleared(watch: ColumnWatch) -> ColumnWatch:
    figures = tuple(msgspec.structs.replace(figure, bets=restart(figure.bets)) for figure in watch.figures)
    return msgspec.structs.replace(watch, figures=figures)


def _effect(column: ColumnReference, watch: ColumnWatch) -> float:
    if not watch.recent:
        return 0.0
    reference, recent = floats(column.counts), floats(watch.recent)
    missing = abs(recent[-1] / recent.sum() - reference[-1] / reference.sum())
    return round(max(total_variation(reference, recent), 2.0 * float(missing)), 4)


def _calibrated(figure: Figure) -> Detector:
    return detector(figure.calibration, "high" if figure.name == "shape" else "both")
