"""Place: the shift of normal columns is found in standard deviations, and its p-value is that of the rank test."""

import numpy as np
import pytest
from scipy import stats

from loopwright.monitoring.bins import Bins
from loopwright.monitoring.detectors.place import PlaceShift
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import plain_column


def _columns(bins, before, now):
    column = plain_column("c", before, bins.place(before), bins=bins)
    return column, Sample(counts=np.bincount(bins.place(now), minlength=bins.count).astype(float))


@pytest.mark.parametrize("shift", [-0.5, 0.0, 0.25])
def test_the_effect_is_the_shift_of_normal_columns(shift):
    rng = np.random.default_rng(0)
    bins = Bins(edges=tuple(np.linspace(-3, 3, 33).tolist()))
    found = PlaceShift().measure(*_columns(bins, rng.normal(size=50_000), rng.normal(size=50_000) + shift))
    assert found.effect == pytest.approx(shift, abs=0.02)
    assert found.said == f"place {found.effect:+.2f} sd"


def test_the_p_value_is_that_of_the_rank_test_on_whole_numbers():
    rng = np.random.default_rng(1)
    before, now = rng.integers(0, 9, 700).astype(float), rng.integers(0, 9, 300) + 0.0
    now[:40] = 8.0
    found = PlaceShift().measure(*_columns(Bins(edges=tuple(np.arange(9.0).tolist())), before, now))
    known = stats.mannwhitneyu(now, before, method="asymptotic", use_continuity=False)
    assert found.p_value == pytest.approx(known.pvalue, rel=1e-9)


def test_all_beyond_all_is_capped():
    bins = Bins(edges=(0.0, 1.0))
    found = PlaceShift().measure(*_columns(bins, np.full(50, -1.0), np.full(50, 5.0)))
    assert found.effect == 9.99
