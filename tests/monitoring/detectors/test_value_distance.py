"""A few numbers for each row."""

import polars as pl
import pytest

from loopwright.monitoring.detectors.value_distance import ValueDistance


def test_figures_say_where_and_how_far_a_column_went():
    base = pl.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 50, "b": [0.0, 1.0] * 100})
    found = ValueDistance().measure(base, base.with_columns(a=pl.col("a") + 2.0), explain=True)
    assert found.figures == {
        "mean(a)": pytest.approx(2.0 / 1.118, abs=1e-3),
        "mean(b)": 0.0,
        "distance(a)": 0.5,
        "distance(b)": 0.0,
    }
    assert (found.effect, found.columns) == (0.5, ({"column": "a", "distance": 0.5},))
    assert found.details["means"]["a"] == [1.5, 3.5]
    assert found.p_value < 1e-6


def test_the_mean_may_fall_or_rise_and_a_distance_only_grow():
    assert ValueDistance().sides(("a",)) == {"mean(a)": "both", "distance(a)": "high"}
