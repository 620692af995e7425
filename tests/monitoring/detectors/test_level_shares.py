"""Shares of levels: the one that moved is named, and thin levels do not make false alarms."""

import numpy as np
import pytest

from loopwright.monitoring.bins import Bins
from loopwright.monitoring.detectors.level_shares import LevelShares
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import counted_column


def _measure(before, now):
    bins = Bins(bin_of_code=tuple(range(len(before))), unseen=True)
    column = counted_column("c", np.asarray([*before, 0, 0], dtype=float), bins)
    return LevelShares().measure(column, Sample(counts=np.asarray([*now, 0, 0], dtype=float)))


def test_the_effect_is_the_share_that_moved_and_the_level_is_named():
    found = _measure([2_000] * 5, [1_250, 938, 937, 938, 937])
    assert found.effect == pytest.approx(0.05, abs=1e-3)
    assert found.said == "level 0 20.0% → 25.0%"
    assert found.p_value < 1e-8


@pytest.mark.parametrize("weights", [(5, 4, 3, 2, 1), (900, 90, 5, 2, 1)])
def test_under_no_change_small_p_values_are_as_rare_as_they_say(weights):
    rng, shares = np.random.default_rng(0), np.array(weights) / sum(weights)
    found = [_measure(rng.multinomial(4_000, shares), rng.multinomial(400, shares)).p_value for _ in range(1_000)]
    assert np.nanmean(np.array(found) <= 0.02) <= 0.033


def test_no_level_on_one_side_is_undefined():
    assert np.isnan(_measure([0, 0], [3, 4]).effect)
    assert np.isnan(_measure([3, 4], [0, 0]).p_value)
