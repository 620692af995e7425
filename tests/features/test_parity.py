import json

import polars as pl
import pytest

from loopwright.errors import MissingColumnError
from loopwright.features.parity import compare_features
from loopwright.features.view import FeatureView, SourceName, count, last, mean

VIEW = FeatureView(
    "sales",
    source=SourceName(name="sales", event_time="at"),
    entity="shop",
    features={"n": count(over="1s"), "m": mean("amount", over="1s"), "l": last("amount", within="1s")},
)
ROWS = pl.DataFrame({"shop": ["a", "a", "a"], "at": [10, 20, 30], "_known_at": [10, 20, 90], "amount": [1.0, 2.0, 4.0]})


def logged(*features, as_text=False):
    rows = [
        {"request_id": f"r{i}", "event_time": 50, "at": 60, "inputs": {"shop": shop, "other": 1}, "features": f}
        for i, (shop, f) in enumerate(features)
    ]
    if as_text:
        rows = [row | {name: json.dumps(row[name]) for name in ("inputs", "features")} for row in rows]
    return pl.DataFrame(rows)


RIGHT = ("a", {"n": 2, "m": 1.5 * (1 + 1e-12), "l": 2.0})
NOTHING = ("z", {"n": 0, "m": None, "l": None})


@pytest.mark.parametrize("as_text", [False, True])
def test_the_same_values_are_parity_up_to_rounding_of_means(as_text):
    report = compare_features(logged(RIGHT, NOTHING, as_text=as_text), [(VIEW, ROWS)])
    assert report.holds
    assert report.mismatches == 0
    means = next(f for f in report.features if f.feature == "m")
    assert (means.equal, means.agreeing) == (1, 2)
    assert 0 < means.largest_relative < 1e-11


def test_a_value_that_used_a_row_not_yet_known_is_named():
    wrong = ("a", {"n": 3, "m": 7 / 3, "l": 4.0})
    report = compare_features(logged(RIGHT, wrong), [(VIEW, ROWS)])
    assert not report.holds
    assert [f.mismatches for f in report.features] == [1, 1, 1]
    counts = report.features[0]
    assert counts.first[0].request_id == "r1"
    assert (counts.first[0].logged, counts.first[0].recomputed) == (3.0, 2.0)


def test_counts_and_last_values_must_be_equal_to_the_last_digit():
    close = ("a", {"n": 2, "m": 1.5, "l": 2.0 * (1 + 1e-12)})
    report = compare_features(logged(close), [(VIEW, ROWS)])
    assert [f.mismatches for f in report.features] == [0, 0, 1]


def test_null_and_a_value_never_agree():
    report = compare_features(
        logged(("a", {"n": 2, "m": None, "l": 2.0}), ("z", {"n": 0, "m": 0.0, "l": None})), [(VIEW, ROWS)]
    )
    assert [f.mismatches for f in report.features] == [0, 2, 0]


def test_no_request_compared_shows_no_parity():
    assert not compare_features(logged(RIGHT).clear(), [(VIEW, ROWS)]).holds


@pytest.mark.parametrize("missing", ["event_time", "at", "features"])
def test_a_log_without_a_column_is_refused(missing):
    with pytest.raises(MissingColumnError, match=missing):
        compare_features(logged(RIGHT).drop(missing), [(VIEW, ROWS)])


def test_a_log_without_the_entity_or_a_feature_is_refused():
    with pytest.raises(MissingColumnError, match="shop"):
        compare_features(logged(RIGHT).with_columns(inputs=pl.struct(x=1)), [(VIEW, ROWS)])
    with pytest.raises(MissingColumnError, match="'m'"):
        compare_features(logged(("a", {"n": 2, "l": 2.0})), [(VIEW, ROWS)])
