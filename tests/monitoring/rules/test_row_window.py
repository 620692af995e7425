"""What every rule on windows of rows has."""

import subprocess
import sys

import msgspec
import pytest

from loopwright.core.clock import SECOND
from loopwright.errors import UsageError
from loopwright.monitoring.rules.confidence_drift import confidence_drift
from loopwright.monitoring.rules.drift import drift
from loopwright.monitoring.rules.embedding_drift import embedding_drift
from loopwright.monitoring.rules.row_window import check_windows, named_columns
from loopwright.monitoring.rules.rows_drift import rows_drift
from loopwright.monitoring.rules.target_drift import target_drift
from loopwright.monitoring.rules.text_drift import text_drift

RULES = [rows_drift(), embedding_drift("e"), text_drift("t"), confidence_drift(), target_drift()]


def test_defaults_are_those_documented():
    for rule in RULES:
        assert (rule.rows, rule.mean_time_between_false_alarms, rule.least_effect) == (1_000, 1_000, None)
        assert (rule.period_us, rule.severity, rule.owner) == (86_400 * SECOND, "warning", None)
        assert rule.needs_rows


def test_no_other_rule_needs_rows():
    assert not drift().needs_rows


def test_names_differ_and_rules_survive_json():
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert msgspec.json.decode(msgspec.json.encode(rule), type=type(rule)) == rule


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": "10 rows in 1d"},
        {"window": "1000000 rows in 1d"},
        {"window": "500 rows"},
        {"window": "rows in 1d"},
        {"window": "soon"},
        {"window": ""},
        {"window": None},
        {"window": "5s"},
        {"mean_time_between_false_alarms": 1},
        {"least_effect": 1.5},
        {"least_effect": float("nan")},
        {"severity": "dire"},
    ],
)
def test_a_figure_that_cannot_hold_is_refused(wrong):
    for declare in (rows_drift, confidence_drift, target_drift):
        with pytest.raises(UsageError):
            declare(**wrong)


def test_the_refusal_names_the_rule_and_the_argument():
    with pytest.raises(UsageError, match=r"rows_drift\(window='3 rows in 1d'\)"):
        check_windows("rows_drift", window="3 rows in 1d", mean_time_between_false_alarms=2, least_effect=None)


def test_a_window_says_how_long_it_is_and_how_many_rows_are_drawn():
    assert (rows_drift(window="500 rows in 6h").rows, rows_drift(window="500 rows in 6h").window_us) == (
        500,
        6 * 3_600 * SECOND,
    )
    assert rows_drift(window="1h").rows == 1_000


def test_columns_are_named_one_or_several():
    assert named_columns("r", None) is None
    assert named_columns("r", "a") == ("a",)
    assert named_columns("r", ["a", "b"]) == ("a", "b")
    for wrong in ([], "", [1], 7):
        with pytest.raises(UsageError):
            named_columns("r", wrong)


def test_declaring_them_loads_no_numerical_library():
    names = ["confidence_drift", "embedding_drift", "rows_drift", "target_drift", "text_drift", "concept_drift"]
    code = f"import sys, loopwright as lw; [getattr(lw.watch, name) for name in {names}]; " + (
        "print([m for m in ('numpy', 'polars', 'sklearn', 'river') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
