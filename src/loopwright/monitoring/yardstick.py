"""What a block of one column is measured by: its figures, how much they remember, and those of the reference's blocks.

A block is standardised as in `monitoring.blocks`, against all blocks of the reference or, for streams with seasons,
against those of its own season (hour and weekday) only. A season has few blocks, so its between-block variance is drawn
towards that of all seasons, and a figure allows for the error of a mean of so few. A reference block is measured
without itself, as a later block is measured by blocks that it is not among.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.blocks import FigureName, figure_of, grouped, innovation, memory_of
from loopwright.monitoring.reference import DAY, HOUR, MIN_BLOCK_ROWS, ColumnReference
from loopwright.stats.arrays import Floats, floats

_LEAST_SPREAD = 0.005
_DRAWN_BY = 8.0
"""Blocks that the variance of all seasons weighs in that of one."""
_LEAST_OF_SEASON = 4
"""Mean blocks a season must have in the reference."""
_PLACE_DIGITS = 4


class Yardstick(Protocol):
    """Measures the blocks of one column."""

    @property
    def names(self) -> tuple[FigureName, ...]:
        """The figures."""

    def figure(self, name: FigureName, counts: Floats, block: int) -> float:
        """A block's figure of its counts (n_bins,); NaN where it has none."""

    def memory(self, name: FigureName) -> float:
        """The figure's correlation with that of the block before."""

    def calibration(self, name: FigureName) -> tuple[float, ...]:
        """Innovations of the reference's blocks."""

    def usual(self, block: int) -> Floats | None:
        """(n_bins,) shares of the block's season in the reference; None where the whole reference is what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyYardstick:
    """The column's own daily standard and figures, as its reference keeps them."""

    column: ColumnReference

    @property
    def names(self) -> tuple[FigureName, ...]:
        return tuple(figure.name for figure in self.column.figures)

    def figure(self, name: FigureName, counts: Floats, block: int) -> float:  # noqa: ARG002 - all days are alike
        return figure_of(name, counts, self.column.standard)

    def memory(self, name: FigureName) -> float:
        return next(figure.memory for figure in self.column.figures if figure.name == name)

    def calibration(self, name: FigureName) -> tuple[float, ...]:
        return next(figure.calibration for figure in self.column.figures if figure.name == name)

    def usual(self, block: int) -> Floats | None:  # noqa: ARG002 - all days are alike
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seasons:
    """Which season a block belongs to: hour of the week, hour of the day, day of the week, or one for all."""

    unit_us: int
    count: int
    period_us: int

    def of(self, blocks: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) season of each block, in [0, count)."""
        return np.asarray(blocks, dtype=np.int64) * self.period_us // self.unit_us % self.count


def seasons_for(blocks: NDArray[np.int64], period_us: int) -> Seasons:
    """The finest seasons of which the reference's blocks have four each in the mean; one for all where none has."""
    unit = max(period_us, HOUR)
    hours_fit, days_fit = DAY % unit == 0, (7 * DAY) % unit == 0
    choices = [(unit, 7 * DAY // unit)] if days_fit else []
    choices += [(unit, DAY // unit)] if hours_fit and unit < DAY else []
    for each, count in choices:
        seasons = Seasons(unit_us=each, count=count, period_us=period_us)
        sizes = np.bincount(seasons.of(blocks), minlength=count)
        if count > 1 and sizes[sizes > 0].mean() >= _LEAST_OF_SEASON:
            return seasons
    return one_season(period_us)


def one_season(period_us: int) -> Seasons:
    """All blocks are alike."""
    return Seasons(unit_us=period_us, count=1, period_us=period_us)


class _Spread:
    """Means and between-block variances by season of block figures (n_blocks, k), and how far a block lies off."""

    def __init__(self, values: Floats, noise: Floats, season: NDArray[np.int64], *, count: int) -> None:
        self.blocks = np.bincount(season, minlength=count).astype(np.float64)
        sums = np.zeros((count, values.shape[1]))
        np.add.at(sums, season, values)
        self.means = sums / np.maximum(self.blocks, 1.0)[:, None]
        self._squares = np.zeros_like(sums)
        np.add.at(self._squares, season, (values - self.means[season]) ** 2)
        self._noise = np.zeros_like(sums)
        np.add.at(self._noise, season, noise)
        self._free = np.maximum(self.blocks - 1.0, 0.0)
        mean_noise = noise.mean(axis=0)
        self._mean_noise = mean_noise

    def off(self, values: Floats, noise: Floats, season: NDArray[np.int64]) -> Floats:
        """(n, k) standardised distance of later blocks from their season's mean; NaN where the season has none."""
        n = self.blocks[season][:, None]
        between = self._between(self._squares[season], self._noise[season], n, left_out=np.zeros(1))
        spread = between * (1.0 + 1.0 / np.maximum(n, 1.0)) + noise
        return np.where(n > 0, (values - self.means[season]) / np.sqrt(spread), np.nan)

    def off_without_itself(self, values: Floats, noise: Floats, season: NDArray[np.int64]) -> Floats:
        """The same of the reference's own blocks (n, k), each left out of what it is measured by."""
        n = self.blocks[season][:, None]
        gap = (values - self.means[season]) * n / np.maximum(n - 1.0, 1.0)
        own = gap**2 * (n - 1.0) / np.maximum(n, 1.0)
        between = self._between(self._squares[season] - own, self._noise[season] - noise, n - 1.0, left_out=own)
        spread = between * (1.0 + 1.0 / np.maximum(n - 1.0, 1.0)) + noise
        return np.where(n > 1, gap / np.sqrt(spread), np.nan)

    def _between(self, squares: Floats, noise: Floats, n: Floats, *, left_out: Floats) -> Floats:
        """`left_out` are the squares of the blocks that are measured, where these are the reference's own."""
        free = self._free.sum() - float(bool(left_out.any()))
        every = (self._squares.sum(axis=0) - left_out) / max(free, 1.0) - self._mean_noise
        own = squares / np.maximum(n - 1.0, 1.0) - noise / np.maximum(n, 1.0)
        weight = np.maximum(n - 1.0, 0.0)
        drawn = (weight * own + _DRAWN_BY * np.maximum(every, _LEAST_SPREAD**2)) / (weight + _DRAWN_BY)
        return floats(np.maximum(drawn, _LEAST_SPREAD**2))


class BlockYardstick:
    """Measures blocks of any length, by season where `seasons` has several.

    Args:
        column: The column's reference.
        blocks: Numbers of the reference's blocks, ascending.
        counts: (n_blocks, n_bins).
        seasons: Which season a block belongs to.
    """

    def __init__(self, column: ColumnReference, blocks: tuple[int, ...], *, counts: Floats, seasons: Seasons) -> None:
        full = counts.sum(axis=1) >= MIN_BLOCK_ROWS
        kept, numbers = counts[full], tuple(np.asarray(blocks, dtype=np.int64)[full].tolist())
        self.column = column
        self._seasons = seasons
        self.names: tuple[FigureName, ...] = ("shape", "location") if column.bins.ordered else ("shape",)
        total = kept.sum(axis=0)
        self._season_shares = self._shares_by_season(kept, numbers)
        self._share = grouped(total, column.standard.groups) / max(float(total.sum()), 1.0)
        scale, known = floats(column.standard.positions), max(float(total[:-1].sum()), 1.0)
        mean = float(total[:-1] @ scale) / known if scale.size else 0.0
        self._within = float(total[:-1] @ (scale - mean) ** 2) / known if scale.size else 0.0
        self._spreads: dict[FigureName, _Spread] = {}
        self._memory: dict[FigureName, float] = {}
        self._calibration: dict[FigureName, tuple[float, ...]] = {}
        for name in self.names:
            self._calibrate(name, kept, numbers)

    def figure(self, name: FigureName, counts: Floats, block: int) -> float:
        """See `Yardstick.figure`."""
        if name not in self._spreads:
            return float("nan")
        values, noise = self._measured(name, counts[None, :])
        season = self._seasons.of(np.asarray([block], dtype=np.int64))
        return float(_figures(name, self._spreads[name].off(values, noise, season))[0])

    def memory(self, name: FigureName) -> float:
        """See `Yardstick.memory`."""
        return self._memory.get(name, 0.0)

    def calibration(self, name: FigureName) -> tuple[float, ...]:
        """See `Yardstick.calibration`."""
        return self._calibration.get(name, ())

    def usual(self, block: int) -> Floats | None:
        """See `Yardstick.usual`."""
        if self._seasons.count == 1:
            return None
        return floats(self._season_shares[int(self._seasons.of(np.asarray([block], dtype=np.int64))[0])])

    def _shares_by_season(self, counts: Floats, numbers: tuple[int, ...]) -> Floats:
        """(n_seasons, n_bins); those of all blocks for a season that the reference does not have."""
        total = counts.sum(axis=0)
        summed = np.zeros((self._seasons.count, total.size))
        np.add.at(summed, self._seasons.of(np.asarray(numbers, dtype=np.int64)), counts)
        summed[summed.sum(axis=1) == 0] = total
        return floats(summed / np.maximum(summed.sum(axis=1, keepdims=True), 1.0))

    def _calibrate(self, name: FigureName, counts: Floats, numbers: tuple[int, ...]) -> None:
        if name == "location":
            known = counts[:, :-1].sum(axis=1) > 0
            counts, numbers = counts[known], tuple(np.asarray(numbers, dtype=np.int64)[known].tolist())
        if len(numbers) < 2:
            return
        values, noise = self._measured(name, counts)
        season = self._seasons.of(np.asarray(numbers, dtype=np.int64))
        spread = _Spread(values, noise, season, count=self._seasons.count)
        found = _figures(name, spread.off_without_itself(values, noise, season))
        memory = round(memory_of(found, numbers), 4)
        self._spreads[name], self._memory[name] = spread, memory
        self._calibration[name] = innovations(found, numbers, memory)

    def _measured(self, name: FigureName, counts: Floats) -> tuple[Floats, Floats]:
        """What the figure is made of, (n, k), and the sampling variance that a block's own rows give it."""
        if name == "location":
            known = np.maximum(counts[:, :-1].sum(axis=1, keepdims=True), 1.0)
            place = counts[:, :-1] @ floats(self.column.standard.positions)
            empty = counts[:, :-1].sum(axis=1, keepdims=True) == 0
            return np.where(empty, np.nan, place[:, None] / known), self._within / known
        rows = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        noise = np.maximum(self._share * (1.0 - self._share), _LEAST_SPREAD)[None, :] / rows
        return grouped(counts, self.column.standard.groups) / rows, noise


def innovations(figures: Floats, numbers: tuple[int, ...], memory: float) -> tuple[float, ...]:
    """What each of the reference's blocks adds to what the block before foretold; blocks without a figure left out."""
    found = []
    for i, value in enumerate(figures.tolist()):
        if np.isfinite(value):
            follows = i > 0 and numbers[i] == numbers[i - 1] + 1
            found.append(innovation(value, float(figures[i - 1]) if follows else None, memory))
    return tuple(found)


def _figures(name: FigureName, off: Floats) -> Floats:
    found = np.mean(off**2, axis=1) if name == "shape" else off[:, 0]
    return np.round(found, _PLACE_DIGITS)
