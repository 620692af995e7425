"""Spread: the ratio of scales is found, and a shift alone is hardly one."""

import numpy as np
import pytest

from loopwright.monitoring.bins import numeric_bins
from loopwright.monitoring.detectors.spread import SpreadShift
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import plain_column


def _measure(before, now):
    bins = numeric_bins(before)
    column = plain_column("c", before, bins.place(before), bins=bins)
    return SpreadShift().measure(
        column, Sample(counts=np.bincount(bins.place(now), minlength=bins.count).astype(float))
    )


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.3])
def test_the_effect_is_the_log_ratio_of_scales(ratio):
    rng = np.random.default_rng(0)
    found = _measure(rng.normal(size=50_000), ratio * rng.normal(size=50_000))
    assert found.effect == pytest.approx(np.log(ratio), abs=0.04)
    assert found.said.startswith("spread x")


def test_without_a_change_the_p_value_is_uniform_enough_in_the_tail():
    rng = np.random.default_rng(1)
    p_values = [_measure(rng.normal(size=800), rng.normal(size=200)).p_value for _ in range(400)]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)


def test_a_column_of_a_few_values_has_no_spread():
    values = np.tile([0.0, 1.0, 2.0], 100)
    bins = numeric_bins(values)
    assert not SpreadShift().applies(plain_column("c", values, bins.place(values), bins=bins))
