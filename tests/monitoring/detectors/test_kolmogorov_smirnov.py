"""The Kolmogorov-Smirnov figure is the distance of the values, as far as bins show it."""

import numpy as np
import pytest

from loopwright.monitoring.bins import numeric_bins
from loopwright.monitoring.detectors.kolmogorov_smirnov import KolmogorovSmirnov
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import plain_column
from loopwright.stats.distances import ks_distance


def test_it_is_close_to_the_distance_of_the_values():
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=5_000), rng.normal(size=5_000) + 0.4
    bins = numeric_bins(before)
    column = plain_column("c", before, bins.place(before), bins=bins)
    found = KolmogorovSmirnov().measure(column, Sample(counts=np.bincount(bins.place(now), minlength=bins.count) + 0.0))
    assert found.effect == pytest.approx(ks_distance(before, now), abs=0.02)
    assert np.isnan(found.p_value)
