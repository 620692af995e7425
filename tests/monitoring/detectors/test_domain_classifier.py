"""What no single column shows is seen, and the columns that separate are named."""

import numpy as np
import polars as pl
from tests.monitoring.detectors.row_worlds import correlated

from loopwright.monitoring.detectors.domain_classifier import DomainClassifier, auc_measured


def test_a_turned_correlation_is_seen_and_its_columns_are_named():
    found = DomainClassifier().measure(correlated(0, 700), correlated(1, 500, correlation=-0.6), explain=True)
    low, high = found.details["auc_interval"]
    assert 0.5 < low < found.details["auc"] < high
    assert {entry["column"] for entry in found.columns[:2]} == {"x0", "x1"}


def test_a_column_that_is_gone_is_named_first():
    window = correlated(1, 300).with_columns(x4=pl.lit(None, dtype=pl.Float64))
    found = DomainClassifier().measure(correlated(0, 600), window, explain=True)
    assert found.columns[0]["column"] == "x4"
    assert found.effect > 0.45


def test_scores_that_say_nothing_are_an_auc_of_one_half():
    current = np.arange(100) % 2 == 0
    found = auc_measured(current, np.zeros(100), explain=True, columns=())
    assert found.figures == {"auc": 0.5}
    assert found.p_value >= 0.5
