"""The rows that a pinned window leaves in a training set, and the weights that it gives them. Pure."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from loopwright.app.retraining.window import PinnedWindow
from loopwright.data.instants import micros_of
from loopwright.errors import UsageError

if TYPE_CHECKING:
    from loopwright.stats.arrays import Floats


def windowed(
    rows: pl.DataFrame, event_time: str | None, window: PinnedWindow | None
) -> tuple[pl.DataFrame, "Floats | None"]:
    """The rows that are learned from, in their order, and their weights.

    Args:
        rows: Labelled rows of the base dataset.
        event_time: Its column of event times. A row without one lies in no window.
        window: The window; None leaves everything in.

    Returns:
        The rows, and (n_rows,) weights in 0 … 1, the newest row's being 1; None where all count alike.

    Raises:
        UsageError: The dataset has no event time.
    """
    if window is None or not rows.height:
        return rows, None
    if event_time is None:
        raise UsageError(
            f"a {window.policy} window needs the rows' event time",
            why="it goes by how old a row is",
            fix="Give the dataset event_time=, or leave the window out.",
        )
    known = rows.filter(pl.col(event_time).is_not_null())
    at = micros_of(known[event_time]).cast(pl.Int64).to_numpy()
    if not len(at):
        return known, None
    newest = int(at.max())
    if window.half_life is not None:
        weights = 0.5 ** ((newest - at) / window.half_life)
        return known, np.asarray(weights, dtype=np.float64)
    since = newest - window.width + 1 if window.width is not None else _since(window, at)
    return known.filter(pl.Series(at >= since)), None


def _since(window: PinnedWindow, at: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> int:
    """The change point, or the event time of the oldest of the newest rows that stay in."""
    since = window.since or 0
    if window.least_rows is None or int((at >= since).sum()) >= window.least_rows:
        return since
    return int(np.sort(at)[-min(window.least_rows, len(at))])
