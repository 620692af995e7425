"""The population stability index is that of all bins, the missing one among them."""

import numpy as np
import pytest

from loopwright.monitoring.bins import Bins
from loopwright.monitoring.detectors.population_stability import PopulationStability
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import counted_column


def test_missing_values_count():
    column = counted_column("c", np.array([0.0, 5_000, 4_000, 0.0, 1_000.0]), Bins(edges=(0.0, 1.0, 2.0)))
    found = PopulationStability().measure(column, Sample(counts=np.array([0.0, 500, 100, 0.0, 400.0])))
    assert found.effect == pytest.approx(0.3 * np.log(4) + 0.3 * np.log(4), rel=0.02)
    assert found.said == f"PSI {found.effect:.3f}"
