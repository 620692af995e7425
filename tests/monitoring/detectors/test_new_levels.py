"""New levels: seen at once where there should be none, and expected where the reference has met levels only once."""

import msgspec
import numpy as np
import pytest

from loopwright.monitoring.bins import Bins
from loopwright.monitoring.detectors.new_levels import NewLevels
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import counted_column

BINS = Bins(bin_of_code=(0, 1), unseen=True)


def _measure(new, *, seen_once=0):
    column = counted_column("c", np.array([5_000.0, 5_000.0, 0.0, 0.0]), BINS)
    column = msgspec.structs.replace(column, seen_once=seen_once)
    return NewLevels().measure(column, Sample(counts=np.array([500.0, 500.0 - new, new, 0.0])))


def test_a_few_rows_of_a_new_level_are_certain():
    found = _measure(8)
    assert found.p_value < 1e-7
    assert found.effect == pytest.approx(0.008)
    assert found.said == "new levels 0.8%"


def test_none_is_no_question_and_as_many_as_expected_are_none():
    assert np.isnan(_measure(0).p_value)
    found = _measure(100, seen_once=1_000)
    assert found.effect == pytest.approx(0.0)
    assert found.p_value > 0.5


def test_references_that_do_not_count_them_are_not_asked():
    assert not NewLevels().applies(counted_column("c", np.ones(3), Bins(bin_of_code=(0, 1))))
