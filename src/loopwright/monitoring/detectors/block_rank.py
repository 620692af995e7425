"""The incident rule where rows are alike within a block: sequential, one observation a block, with a stated false alarm
rate.

A block is a day unless the rule says otherwise. Each block of each column gives its figures (`monitoring.yardstick`);
each figure's innovation is ranked among the reference's blocks and all blocks since; ranks are bet upon
(`stats.exchangeability`), and the evidence is the mean over all columns, figures and bets. Under no change it reaches A
after A blocks in the mean or later, whatever the number of columns and their dependence, so A itself is the stated mean
time.

A change can be real and not worth waking anyone for. So the evidence of a column counts only while its recent
distribution lies at least `least_effect` from the reference, which can only make false alarms rarer.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.blocks import FigureName, grouped, innovation
from loopwright.monitoring.reference import LABEL, MIN_BLOCK_ROWS, PREDICTION, ColumnReference, Reference
from loopwright.monitoring.window import Window
from loopwright.monitoring.yardstick import DailyYardstick, Yardstick
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.distances import total_variation
from loopwright.stats.exchangeability import Detector, detector, observe, restart

MIN_BLOCKS = 10
"""Blocks of the reference under which ranks are too coarse for a verdict."""
_NAMED = 12
"""Columns listed in a verdict."""
_HALF_LIFE = 7.0
"""Age in blocks at which one weighs half in the recent distribution."""


class FigureWatch(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a column: its bets, and its value in the column's last block."""

    figure: FigureName
    bets: Detector
    value: float | None = None


class ColumnWatch(msgspec.Struct, frozen=True, kw_only=True):
    """One column under watch.

    Attributes:
        column: Its name.
        figures: The figures watched.
        block: The last block judged.
        recent: Counts over its bins, each block weighing half of one seven blocks younger.
        expected: What these would be if the blocks were as the reference's of their seasons; empty where there are no
            seasons.
    """

    column: str
    figures: tuple[FigureWatch, ...]
    block: int | None = msgspec.field(default=None, name="day")
    recent: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()


class BlockRankState(msgspec.Struct, frozen=True, kw_only=True):
    """All columns, and how many blocks have been judged since the start or the last reset.

    Stored as `day` and `days`, which is what blocks were at first.
    """

    columns: tuple[ColumnWatch, ...]
    blocks: int = msgspec.field(default=0, name="days")


class WatchedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column and what its blocks are measured by."""

    column: ColumnReference
    yardstick: Yardstick


class BlockRank:
    """See the module; satisfies `DriftDetector[BlockRankState]`.

    Args:
        reference: The model's.
        mean_time_between_false_alarms: In blocks.
        least_effect: Distance from the reference from which a feature's evidence counts: total variation, or twice the
            change of its missing share where that is more. Half of it for prediction and label, which matter directly.
        columns: Names to watch; all of the reference's when None.
        name: Of its verdicts.
        watched: Columns with what to measure them by; the reference's own daily figures when None.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        mean_time_between_false_alarms: int = 1_000,
        least_effect: float = 0.1,
        columns: tuple[str, ...] | None = None,
        name: str = "drift",
        watched: Sequence[WatchedColumn] | None = None,
    ) -> None:
        self._reference = reference
        self._threshold = float(mean_time_between_false_alarms)
        self._least_effect = least_effect
        if watched is None:
            watched = [WatchedColumn(column=c, yardstick=DailyYardstick(column=c)) for c in reference.columns]
        self._columns = {w.column.name: w for w in watched if columns is None or w.column.name in columns}
        self.name = name

    def start(self, *, after: int | None = None) -> BlockRankState:
        """Calibrated on the reference's blocks. Give that of the release as `after`: its traffic is partial."""
        watches = []
        for name, watched in self._columns.items():
            past = {figure: watched.yardstick.calibration(figure) for figure in watched.yardstick.names}
            figures = tuple(
                FigureWatch(figure=figure, bets=_calibrated(figure, values))
                for figure, values in past.items()
                if len(values) >= MIN_BLOCKS
            )
            if figures:
                watches.append(ColumnWatch(column=name, figures=figures, block=after))
        return BlockRankState(columns=tuple(watches))

    def accepts(self, state: BlockRankState) -> bool:
        """Whether the state is of columns that this detector watches."""
        return all(watch.column in self._columns for watch in state.columns)

    def update(self, state: BlockRankState, window: Window, *, through: int) -> BlockRankState:
        """See `DriftDetector.update`. Blocks with under ten rows of a column are passed over for that column."""
        judged: set[int] = set()
        columns = []
        for watch in state.columns:
            counts = window.columns.get(watch.column, {})
            blocks = [b for b in sorted(counts) if _due(b, counts[b], judged=watch.block, through=through)]
            for block in blocks:
                watch = _advanced(watch, self._columns[watch.column], block=block, counts=floats(counts[block]))  # noqa: PLW2901
            columns.append(watch)
            judged.update(blocks)
        return BlockRankState(columns=tuple(columns), blocks=state.blocks + len(judged))

    def verdict(self, state: BlockRankState) -> Verdict:
        """Fail when the evidence reaches the stated mean time between false alarms.

        `details["named"]` are the columns to look at, whose own evidence is at least a tenth of what an alarm needs.
        """
        if not self._columns:
            return self._unknown(
                f"the reference has no counts of blocks of this length; it judges {self._reference.judges}"
            )
        if not state.columns:
            return self._unknown(f"the reference has {self._reference.blocks} days with rows, {MIN_BLOCKS} are needed")
        if state.blocks == 0:
            return self._unknown("no complete block has been seen yet")
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
            check=self.name,
            outcome=Outcome.FAIL if alarmed else Outcome.PASS,
            reason=reason + ("" if self._reference.timed else " (the reference has no event time)"),
            value=evidence,
            threshold=self._threshold,
            n=state.blocks,
            details={
                "columns": ranked[:_NAMED],
                "named": named,
                "mean_time_between_false_alarms_windows": self._threshold,
                "least_effect": self._least_effect,
            },
        )

    def reset(self, state: BlockRankState) -> BlockRankState:
        """The blocks seen stay in the ranks; the evidence starts from nothing."""
        return BlockRankState(columns=tuple(_cleared(watch) for watch in state.columns))

    def _unknown(self, reason: str) -> Verdict:
        return Verdict(check=self.name, outcome=Outcome.UNKNOWN, reason=reason, threshold=self._threshold)

    def _described(self, watch: ColumnWatch) -> dict[str, Any]:
        effect = _effect(self._columns[watch.column].column, watch)
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
            "windows": strongest.bets.seen,
        }


def _due(block: int, counts: tuple[int, ...], *, judged: int | None, through: int) -> bool:
    return block < through and (judged is None or block > judged) and sum(counts) >= MIN_BLOCK_ROWS


def _advanced(watch: ColumnWatch, watched: WatchedColumn, *, block: int, counts: Floats) -> ColumnWatch:
    kept = 0.5 ** ((0 if watch.block is None else block - watch.block) / _HALF_LIFE)
    usual = watched.yardstick.usual(block)
    expected = () if usual is None else _aged(watch.expected, kept, counts.sum() * usual)
    yardstick, figures = watched.yardstick, []
    for figure in watch.figures:
        value = yardstick.figure(figure.figure, counts, block)
        before = figure.value if watch.block == block - 1 else None
        bets = figure.bets
        if np.isfinite(value):
            bets = observe(bets, innovation(value, before, yardstick.memory(figure.figure)))
        figures.append(FigureWatch(figure=figure.figure, bets=bets, value=value if np.isfinite(value) else None))
    recent = _aged(watch.recent, kept, counts)
    return ColumnWatch(column=watch.column, figures=tuple(figures), block=block, recent=recent, expected=expected)


def _aged(before: tuple[float, ...], kept: float, counts: Floats) -> tuple[float, ...]:
    grown = floats(before) * kept + counts if before else counts
    return tuple(np.round(grown, 3).tolist())


def _cleared(watch: ColumnWatch) -> ColumnWatch:
    figures = tuple(msgspec.structs.replace(figure, bets=restart(figure.bets)) for figure in watch.figures)
    return msgspec.structs.replace(watch, figures=figures)


def _effect(column: ColumnReference, watch: ColumnWatch) -> float:
    """How far the recent distribution lies from the reference, by groups of bins: as many as a few blocks can fill."""
    if not watch.recent:
        return 0.0
    groups = column.standard.groups
    recent = grouped(floats(watch.recent), groups)
    reference = grouped(floats(watch.expected or column.counts), groups)
    missing = abs(recent[-1] / recent.sum() - reference[-1] / max(reference.sum(), 1e-12))
    return round(max(total_variation(reference, recent), 2.0 * float(missing)), 4)


def _calibrated(figure: FigureName, past: tuple[float, ...]) -> Detector:
    return detector(past, "high" if figure == "shape" else "both")
