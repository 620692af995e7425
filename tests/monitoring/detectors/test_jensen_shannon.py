"""The Jensen-Shannon figure is a distance in [0, 1], missing values among the bins."""

import numpy as np

from loopwright.monitoring.bins import Bins
from loopwright.monitoring.detectors.jensen_shannon import JensenShannon
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import counted_column


def test_nothing_in_common_is_one():
    column = counted_column("c", np.array([0.0, 100, 0.0, 0.0]), Bins(edges=(0.0, 1.0)))
    found = JensenShannon().measure(column, Sample(counts=np.array([0.0, 0.0, 0.0, 50.0])))
    assert found.effect == 1.0
    assert found.said == "JS 1.000"
