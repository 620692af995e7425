"""What windows of whole rows are compared with: a sample of the reference's rows, and how windows of its own compared.

The sample holds row content (numbers, hashed n-grams), so it is packaged only for rules that need it. A window is a
period of time, or several where one has too few rows; of its rows as many are drawn as every window has, so that busy
and thinned periods compare alike. Each window of the reference is compared with the sample's rows of other periods:
what comes out are the calibration values that a later window is ranked among.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.core.clock import Micros
from loopwright.monitoring.blocks import innovation, memory_of
from loopwright.monitoring.detectors.row_measure import RowMeasure
from loopwright.monitoring.sample import smallest
from loopwright.stats.arrays import floats

if TYPE_CHECKING:
    import polars as pl

Rows = NDArray[np.int64]
Take = Callable[[Rows], "pl.DataFrame"]
MIN_WINDOWS = 20
"""Windows of the reference under which ranks are too coarse for a verdict."""
FORMAT_VERSION = 1
_BASE_ROWS = 2_000
_BASE_SHARE = 3
"""The sample takes a third of the rows at most; the others are the calibration windows."""
_UNTIMED_STEP = 2
"""Numbers of windows without a time: none follows on another."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: its values on the reference's windows, each as what it adds to the one before, and how much that is.

    Attributes:
        memory: Correlation of a window's figure with the one before.
        values: One for each window.
    """

    memory: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowReference:
    """What one rule compares with.

    Attributes:
        base: (n_base, n_columns) the sample.
        figures: Calibration by figure; none where there are too few windows.
        windows: Windows of the reference that were measured.
        rows: Rows of each window.
        timed: Whether windows are periods of time; else they are rows drawn at random.
    """

    base: "pl.DataFrame"
    figures: dict[str, Calibration]
    windows: int
    rows: int
    timed: bool

    def to_value(self) -> dict[str, Any]:
        """As a value that a bundle can hold."""
        about = {
            "format_version": FORMAT_VERSION,
            "figures": msgspec.to_builtins(self.figures),
            "windows": self.windows,
            "rows": self.rows,
            "timed": self.timed,
        }
        return {"base": self.base, "about": about}

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> "RowReference":
        """The reverse of `to_value`."""
        about = value["about"]
        return cls(
            base=value["base"],
            figures=msgspec.convert(about["figures"], dict[str, Calibration]),
            windows=about["windows"],
            rows=about["rows"],
            timed=about["timed"],
        )


def build_row_reference(
    take: Take,
    hashes: NDArray[np.uint64],
    event_time: NDArray[np.int64] | None,
    *,
    measure: RowMeasure,
    rows: int,
    period_us: Micros,
) -> RowReference:
    """Draw the sample and measure the reference's own windows.

    Args:
        take: The table of the rows at some positions; only what is needed is asked for.
        hashes: (n_rows,) hash of each row's id.
        event_time: (n_rows,) microseconds UTC, or None.
        measure: What compares.
        rows: Rows of each window.
        period_us: Length of a window, in microseconds.
    """
    chosen = smallest(hashes, max(min(_BASE_ROWS, hashes.size // _BASE_SHARE), 1))
    rest = np.setdiff1d(np.arange(hashes.size), chosen)
    rest = rest[np.argsort(hashes[rest], kind="stable")]
    periods = None if event_time is None else np.asarray(event_time, dtype=np.int64) // period_us
    if periods is None:
        windows = _chunks(rest, rows)
    else:
        windows = [(number, rest[found]) for number, found in windows_of(periods[rest], rows)[0]]
    windows = windows[-measure.most_windows :]
    base = take(chosen)
    told = np.full(base.height, -1) if periods is None else periods[chosen]
    measured = _measured(measure, base, told, windows=windows, take=take) if len(windows) >= MIN_WINDOWS else []
    names = measure.sides(tuple(base.columns)) if measured else {}
    order = [number for number, _ in windows]
    figures = {name: _calibration([found[name] for found in measured], order) for name in names}
    return RowReference(base=base, figures=figures, windows=len(windows), rows=rows, timed=periods is not None)


def _measured(
    measure: RowMeasure, base: "pl.DataFrame", told: Rows, *, windows: Sequence[tuple[int, Rows]], take: Take
) -> list[dict[str, float]]:
    """The figures of each window against the sample's rows of other periods: its own would be too like it."""
    found = []
    for place, (last, rows) in enumerate(windows):
        before = windows[place - 1][0] if place else last - 1
        others = base.filter((told <= before) | (told > last))
        found.append(measure.measure(others if others.height else base, take(rows), explain=False).figures)
    return found


def windows_of(periods: NDArray[np.int64], rows: int) -> tuple[list[tuple[int, Rows]], int]:
    """Windows of `rows` rows each, in order of time, and how many rows at the end do not make one yet.

    A window is a period; where one has too few rows the following ones join it.

    Args:
        periods: (n,) the period of each row; rows lie in the order in which they are to be drawn (of their hashes).
        rows: Rows of each window.

    Returns:
        The number of the last period and the positions of the rows, for each window.
    """
    if not periods.size:
        return [], 0
    order = np.argsort(periods, kind="stable")
    numbers, starts = np.unique(periods[order], return_index=True)
    found: list[tuple[int, Rows]] = []
    waiting: list[Rows] = []
    for number, part in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
        waiting.append(part)
        together = np.sort(np.concatenate(waiting))
        if together.size >= rows:
            found.append((int(number), together[:rows]))
            waiting = []
    return found, sum(part.size for part in waiting)


def _chunks(positions: Rows, rows: int) -> list[tuple[int, Rows]]:
    count = positions.size // rows
    return [(i * _UNTIMED_STEP, positions[i * rows : (i + 1) * rows]) for i in range(count)]


def _calibration(values: Sequence[float], numbers: Sequence[int]) -> Calibration:
    memory = round(memory_of(floats(list(values)), tuple(numbers)), 4)
    found = []
    for place, value in enumerate(values):
        if np.isfinite(value):
            follows = place > 0 and numbers[place] == numbers[place - 1] + 1
            found.append(innovation(value, values[place - 1] if follows else None, memory))
    return Calibration(memory=memory, values=tuple(found))
