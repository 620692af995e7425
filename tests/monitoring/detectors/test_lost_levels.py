"""Lost levels are named with the share that they had; a rare one may be absent by chance."""

import numpy as np
import pytest

from loopwright.monitoring.bins import Bins
from loopwright.monitoring.detectors.lost_levels import LostLevels
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import counted_column


def _measure(before, now, **worth):
    bins = Bins(bin_of_code=tuple(range(len(before))), unseen=True)
    column = counted_column("c", np.asarray([*before, 0, 0], dtype=float), bins)
    return LostLevels().measure(column, Sample(counts=np.asarray([*now, 0, 0], dtype=float), **worth))


def test_a_level_that_is_gone_is_named_with_its_share():
    found = _measure([9_000, 800, 200], [920, 80, 0])
    assert found.effect == pytest.approx(0.02)
    assert found.said == "lost level 2"
    assert found.p_value < 1e-6


def test_many_are_counted_and_a_rare_one_is_chance():
    assert _measure([50] * 8, [300, 0, 0, 0, 0, 0, 0, 0]).said.endswith("and 4 more")
    assert _measure([9_990, 10], [100, 0]).p_value > 0.2
    assert _measure([9_990, 10], [100, 1]).effect == 0.0


@pytest.mark.filterwarnings("error")
def test_levels_too_rare_for_a_test_have_no_p_value_and_raise_no_warning():
    found = _measure([300, 1], [200, 0], worth_reference=0.1)
    assert np.isnan(found.p_value)
    assert found.said == "lost level 1"
