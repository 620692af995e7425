"""Missing values: exact in the far tail, and not asked of answers and labels."""

import numpy as np
import pytest
from scipy import stats

from loopwright.monitoring.bins import Bins
from loopwright.monitoring.detectors.missing_share import MissingShare
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import LABEL, PREDICTION, counted_column

BINS = Bins(edges=(0.0, 1.0))


def _measure(missing, rows, *, before=200, rows_before=10_000):
    column = counted_column("c", np.array([0.0, rows_before - before, 0.0, before]), BINS)
    return MissingShare().measure(column, Sample(counts=np.array([0.0, rows - missing, 0.0, missing])))


def test_the_effect_is_the_difference_of_shares():
    found = _measure(50, 1_000)
    assert found.effect == pytest.approx(0.03)
    assert found.said == "missing 2.0% → 5.0%"


def test_the_p_value_is_that_of_fisher_less_half_of_what_was_seen():
    known = stats.fisher_exact([[45, 955], [200, 9_800]], alternative="greater").pvalue
    seen = stats.hypergeom.pmf(45, 11_000, 245, 1_000)
    assert _measure(45, 1_000).p_value == pytest.approx(2 * (known - seen / 2), rel=1e-6)


def test_nothing_missing_on_both_sides_is_no_question():
    assert np.isnan(_measure(0, 1_000, before=0).p_value)


@pytest.mark.parametrize("name", [PREDICTION, LABEL])
def test_answers_and_labels_are_not_asked(name):
    assert not MissingShare().applies(counted_column(name, np.ones(4), BINS))
