"""Levels and the bins they are counted in."""

import msgspec
import numpy as np

from loopwright.monitoring.bins import MOST_LEVELS, Bins, category_bins
from loopwright.monitoring.detectors.level_bins import level_count, level_name, levels_before
from loopwright.monitoring.reference import ColumnReference, counted_column


def _column(bins: Bins, counts, **more) -> ColumnReference:
    return msgspec.structs.replace(counted_column("c", np.asarray(counts, dtype=float), bins), **more)


def test_levels_come_before_new_ones_and_missing_ones():
    bins = Bins(bin_of_code=(0, 1, 2), unseen=True)
    column = _column(bins, [5, 4, 3, 0, 2], levels=("AA", "B6", "UA"))
    assert level_count(column) == 3
    assert [level_name(column, place) for place in range(3)] == ["AA", "B6", "UA"]
    assert level_count(_column(Bins(bin_of_code=(0, 1)), [1, 1, 0])) == 2
    assert level_name(_column(bins, [5, 4, 3, 0, 2]), 1) == "level 1"


def test_rare_levels_share_a_name_and_lose_those_met_once():
    bins = category_bins(np.repeat(np.arange(40.0), 2), 40)
    column = _column(bins, [*([10] * (MOST_LEVELS - 1)), 22, 0, 0], seen_once=7)
    assert level_name(column, MOST_LEVELS - 1) == "11 rare levels"
    assert levels_before(column)[-1] == 15
    assert column.counts[MOST_LEVELS - 1] == 22
