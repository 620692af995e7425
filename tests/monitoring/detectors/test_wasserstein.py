"""The Wasserstein figure is in the column's own unit, its effect in standard deviations."""

import numpy as np
import pytest

from loopwright.monitoring.bins import Bins, numeric_bins
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.detectors.wasserstein import Wasserstein
from loopwright.monitoring.reference import counted_column, plain_column


def test_a_move_of_mass_is_measured_in_minutes():
    before = np.random.default_rng(0).normal(60.0, 20.0, size=20_000)
    bins = numeric_bins(before)
    column = plain_column("c", before, bins.place(before), bins=bins)
    now = np.where(np.arange(20_000) % 2 == 0, before + 10.0, before)
    found = Wasserstein().measure(column, Sample(counts=np.bincount(bins.place(now), minlength=bins.count) + 0.0))
    assert found.figure == pytest.approx(5.0, abs=0.4)
    assert found.effect == pytest.approx(0.25, abs=0.03)


def test_a_constant_has_no_scale_and_an_old_reference_no_values():
    values = np.full(100, 3.0)
    bins = numeric_bins(values)
    column = plain_column("c", values, bins.place(values), bins=bins)
    assert np.isnan(Wasserstein().measure(column, Sample(counts=np.asarray(column.counts) + 0.0)).effect)
    assert not Wasserstein().applies(counted_column("c", np.ones(4), Bins(edges=(0.0, 1.0))))
