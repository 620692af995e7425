"""What errors cost."""

import numpy as np
import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.money import cost_metric, money
from loopwright.monitoring.rules.cost import cost

LABEL = np.asarray([True, True, False, False])
SCORE = np.asarray([0.9, 0.1, 0.9, 0.1])


def test_each_outcome_has_its_price():
    prices = cost(false_positive=5, false_negative=80, true_positive=-20, true_negative=1)
    assert money(prices, LABEL, SCORE, classes=()).tolist() == [-20, 80, 5, 1]
    assert cost_metric(prices).function(LABEL, SCORE, ()) == pytest.approx(16.5)


def test_the_threshold_is_where_decisions_turn():
    assert money(cost(false_positive=5, threshold=0.95), LABEL, SCORE, classes=()).tolist() == [0, 0, 0, 0]


def test_a_function_says_the_cost_of_any_task():
    def too_low(label, score):
        return np.maximum(label - score, 0) * 3

    priced = cost(too_low, currency="EUR")
    assert priced.name == "cost(too_low, EUR)"
    assert money(priced, np.asarray([2.0, 1.0]), np.asarray([1.0, 2.0]), classes=()).tolist() == [3, 0]
    assert "regression" in cost_metric(priced).tasks


def test_a_score_that_is_no_number_has_no_cost():
    assert np.isnan(cost_metric(cost(false_positive=1)).function(LABEL, np.asarray([0.9, np.nan, 0.9, 0.1]), ()))
    assert np.isnan(cost_metric(cost(false_positive=1)).function(LABEL[:0], SCORE[:0], ()))


def test_a_name_tells_prices_apart():
    names = {
        cost(false_positive=5).name,
        cost(false_positive=6).name,
        cost(false_positive=5, threshold=0.3).name,
        cost(false_positive=5, true_positive=1).name,
        cost(false_positive=5, currency="EUR").name,
    }
    assert len(names) == 5


@pytest.mark.parametrize(
    "declare",
    [
        cost,
        lambda: cost(false_positive=float("nan")),
        lambda: cost(len, false_positive=1),
        lambda: cost(false_positive=1, threshold=float("inf")),
    ],
)
def test_a_cost_that_cannot_be_is_refused(declare):
    with pytest.raises(UsageError):
        declare()
