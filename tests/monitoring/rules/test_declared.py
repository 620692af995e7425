"""What a loop file may declare."""

import subprocess
import sys

import msgspec
import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.rules.drift import DriftRule, drift
from loopwright.monitoring.rules.performance import PerformanceRule, performance
from loopwright.monitoring.rules.rule import DAY


def test_declarations_are_frozen_values_that_survive_json():
    rules = [drift(), drift(["delay"], mean_time_between_false_alarms=50), performance("roc_auc", loss_at_most=0.03)]
    assert msgspec.json.decode(msgspec.json.encode(rules), type=list[DriftRule | PerformanceRule]) == rules
    with pytest.raises(AttributeError):
        rules[0].columns = ("a",)


def test_names_say_what_is_watched():
    assert drift().name == "drift"
    assert drift("delay") == DriftRule(columns=("delay",))
    assert drift("delay").name == "drift(delay)"
    assert performance("roc_auc", loss_at_most=0.03).name == "performance(roc_auc, 0.03)"


@pytest.mark.parametrize(
    "declare",
    [
        lambda: drift([]),
        lambda: drift(mean_time_between_false_alarms=1),
        lambda: drift(least_effect=1.0),
        lambda: drift(window="90m"),
        lambda: drift(window="0 rows"),
        lambda: drift(window="rows"),
        lambda: drift(reference="frozen-ish"),
        lambda: drift(window="500 rows", reference="seasonal"),
        lambda: performance("roc_auc", loss_at_most=-0.1),
        lambda: performance("roc_auc", loss_at_most=float("nan")),
        lambda: performance("roc_auc", loss_at_most=0.1, min_labels=0),
        lambda: performance("roc_auc", loss_at_most=0.1, mean_time_between_false_alarms=1),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(declare):
    with pytest.raises(UsageError):
        declare()


def test_declaring_rules_loads_no_numerical_library():
    code = (
        "import sys, loopwright.monitoring.rules.drift, loopwright.monitoring.rules.performance; "
        "print([m for m in ('numpy', 'polars') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_defaults_are_those_documented():
    assert drift().mean_time_between_false_alarms == 1_000
    assert performance("mae", loss_at_most=1) == PerformanceRule(metric="mae", loss_at_most=1.0, min_labels=1_000)


def test_a_window_is_a_span_of_time_or_a_number_of_rows():
    assert (drift().block_us, drift().rows, drift().period_us) == (DAY, None, DAY)
    assert (drift(window="2h").block_us, drift(window="2h").period_us) == (DAY // 12, DAY // 12)
    rows = drift(window="500 rows")
    assert (rows.block_us, rows.rows) == (None, 500)
    assert rows.period_us < DAY // 24
    assert (drift(window="auto").block_us, drift(window="auto").rows) == (None, None)


def test_the_floor_follows_the_window_unless_declared():
    assert drift().floor == 0.1
    assert drift(window="500 rows").floor == 0.05
    assert drift(window="500 rows", least_effect=0.0).floor == 0.0


def test_two_drift_rules_of_one_loop_have_names_of_their_own():
    names = {drift().name, drift(window="500 rows").name, drift("delay", window="1h", reference="seasonal").name}
    assert names == {"drift", "drift(window=500 rows)", "drift(delay, window=1h, reference=seasonal)"}
