"""What rules on figures have in common."""

import subprocess
import sys

import msgspec
import pytest

import loopwright as lw
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import HOUR, MINUTE, MeasuredRule, Watched, between, duration, span_text
from loopwright.monitoring.rules.rule import DAY

FLIGHTS = lw.Dataset("flights", source="data/*.csv", event_time="at", fresh_within="2d")
DECLARED = {
    "behaviour": lambda **options: lw.watch.behaviour("positive", **options),
    "business_metric": lambda **options: lw.watch.business_metric("revenue", **options),
    "data_quality": lw.watch.data_quality,
    "error_rate": lw.watch.error_rate,
    "freshness": lambda **options: lw.watch.freshness(FLIGHTS, **options),
    "latency": lw.watch.latency,
    "resources": lw.watch.resources,
    "staleness": lambda **options: lw.watch.staleness("sky", "1h", **options),
    "volume": lw.watch.volume,
}


@pytest.fixture(params=list(DECLARED))
def declare(request):
    return DECLARED[request.param]


def test_every_rule_takes_the_same_options_and_survives_json(declare):
    rule = declare(every="10m", periods=4, severity="critical", owner="team-a", season="hour", least_change=0.5)
    assert (rule.every, rule.periods, rule.severity, rule.owner) == (10 * MINUTE, 4, "critical", "team-a")
    assert rule.period_us == 10 * MINUTE
    assert msgspec.json.decode(msgspec.json.encode(rule), type=type(rule)) == rule


def test_no_rule_is_about_the_model(declare):
    assert declare().cause("small") in ("endpoint:small", "dataset:flights")


@pytest.mark.parametrize(
    "options",
    [
        {"every": "90s"},
        {"every": "soon"},
        {"periods": 0},
        {"season": "moon"},
        {"least_change": -1},
        {"mean_time_between_false_alarms": 1},
        {"severity": "dire"},
        {"evry": "1h"},
    ],
)
def test_an_option_that_cannot_hold_is_refused(declare, options):
    with pytest.raises(UsageError):
        declare(**options)


def test_the_stated_mean_time_is_a_year_of_periods_and_a_thousand_at_least():
    assert MeasuredRule(every=MINUTE).promised_periods == 525_600
    assert MeasuredRule(every=HOUR).promised_periods == 8_760
    assert MeasuredRule(every=DAY).promised_periods == 1_000
    assert MeasuredRule(every=HOUR, mean_time_between_false_alarms=50).promised_periods == 50


def test_durations_and_bounds_are_said_as_people_write_them():
    assert duration("50ms", "at_most") == 50_000
    assert [span_text(one) for one in (50_000, 90_000_000, HOUR, 2 * DAY)] == ["50ms", "90s", "1h", "2d"]
    assert (between(0.01, None), between(9, 2), between(None, None)) == ("<= 0.01", ">= 2, <= 9", "")
    assert Watched(at_most=1.0).bounded
    assert not Watched().bounded


def test_declaring_rules_on_figures_loads_no_numerical_library():
    names = ", ".join(f"loopwright.monitoring.rules.{name}" for name in DECLARED)
    code = f"import sys, {names}; print([m for m in ('numpy', 'polars') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
