"""Labels of any type become masks, codes and ranks."""

import numpy as np
import pytest
from scipy import stats

from loopwright.stats.arrays import average_ranks, class_codes, floats, positive_mask


@pytest.mark.parametrize(
    ("label", "classes"),
    [
        ([True, False], (False, True)),
        ([1, 0], (0, 1)),
        ([1.0, 0.0], (False, True)),
        (["yes", "no"], ("no", "yes")),
        ([True, False], ()),
    ],
)
def test_the_positive_class_is_the_second(label, classes):
    assert positive_mask(np.array(label), classes).tolist() == [True, False]


def test_codes_are_positions_and_unknown_labels_are_minus_one():
    assert class_codes(np.array(["b", "z", "a"]), ("a", "b")).tolist() == [1, -1, 0]


def test_ranks_share_ties_as_scipy_does():
    values = np.array([3.0, 1.0, 3.0, 2.0, 3.0, 1.0])
    assert average_ranks(values).tolist() == stats.rankdata(values).tolist()


def test_floats_are_not_copied():
    values = np.array([1.0, 2.0])
    assert floats(values) is values
