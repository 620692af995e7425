"""Which rows a window leaves in, and what they weigh."""

import numpy as np
import polars as pl
import pytest

from loopwright.app.retraining.window import PinnedWindow
from loopwright.app.windowed import windowed
from loopwright.errors import UsageError

DAY = 86_400_000_000


def rows(*days: int | None) -> pl.DataFrame:
    at = pl.Series("at", [None if day is None else day * DAY for day in days], dtype=pl.Int64)
    return pl.DataFrame([at.cast(pl.Datetime("us")), pl.Series("n", range(len(days)))])


@pytest.mark.parametrize(
    ("window", "left"),
    [
        (None, [0, 1, 2, 3, 4]),
        (PinnedWindow(policy="sliding", width=2 * DAY), [1, 2]),
        (PinnedWindow(policy="sliding", width=3 * DAY), [1, 2]),
        (PinnedWindow(policy="sliding", width=5 * DAY), [0, 1, 2, 3]),
        (PinnedWindow(policy="decayed", half_life=DAY), [0, 1, 2, 3]),
        (PinnedWindow(policy="since_change_point", since=9 * DAY, least_rows=1), [1, 2]),
        (PinnedWindow(policy="since_change_point", since=10 * DAY + 1, least_rows=1), [2]),
        (PinnedWindow(policy="since_change_point", since=9 * DAY, least_rows=3), [1, 2, 3]),
        (PinnedWindow(policy="since_change_point", since=99 * DAY, least_rows=50), [0, 1, 2, 3]),
    ],
)
def test_the_rows_that_are_left_keep_their_order(window: PinnedWindow | None, left: list[int]) -> None:
    found, _ = windowed(rows(6, 9, 10, 7, None), "at", window)
    assert found["n"].to_list() == left


def test_a_row_a_half_life_older_counts_half() -> None:
    _, weight = windowed(rows(0, 4, 2), "at", PinnedWindow(policy="decayed", half_life=2 * DAY))
    assert weight is not None
    assert np.allclose(weight, [0.25, 1.0, 0.5])


def test_without_event_times_there_is_no_window() -> None:
    with pytest.raises(UsageError, match="event time"):
        windowed(rows(1), None, PinnedWindow(policy="sliding", width=DAY))
    none, weight = windowed(rows(None, None), "at", PinnedWindow(policy="decayed", half_life=DAY))
    assert none.height == 0
    assert weight is None
