"""What a policy wants at the end of a day."""

from typing import Any

import pytest

import loopwright as lw
from loopwright.app.policies.policy import Evening, policy_of, wanted
from loopwright.errors import UsageError
from loopwright.monitoring.reference import DAY


def loop(**more: Any) -> lw.Loop:
    return lw.Loop("small", pipeline=lambda: None, **more)


def evening(day: int, *, tried: int = 0, rows: int = 0, alarms: tuple[str, ...] = ()) -> Evening:
    return Evening(now=day * DAY, trained_at=0, tried_at=tried * DAY, new_rows=rows, alarms=alarms)


@pytest.mark.parametrize(
    ("word", "given", "reason"),
    [
        ("never", evening(500, rows=10**9, alarms=("all is lost",)), ""),
        ("monthly", evening(29), ""),
        ("monthly", evening(30), "the schedule"),
        ("every:45d", evening(44), ""),
        ("every:45d", evening(45), "the schedule"),
        ("every:45d", evening(80, tried=45), ""),
        ("rows:100", evening(1, rows=99), ""),
        ("rows:100", evening(1, rows=100), "100 new rows"),
        ("drift", evening(20, alarms=("x moved",)), "x moved"),
        ("drift", evening(20), ""),
        ("drift", evening(20, tried=7, alarms=("x moved",)), ""),
        ("drift", evening(21, tried=7, alarms=("x moved",)), "x moved"),
    ],
)
def test_what_is_wanted(word: str, given: Evening, reason: str) -> None:
    assert wanted(policy_of(word, loop()), given) == reason


def test_the_loops_own_rules_and_cooldown_are_taken() -> None:
    rule = lw.performance("roc_auc", loss_at_most=0.1)
    declared = loop(monitor=[lw.drift("x"), rule], retrain=[lw.on_alert(cooldown="3d")])
    assert policy_of("performance", declared).performance == rule
    assert policy_of("performance", declared).drift is None
    own = policy_of("loop", declared)
    assert (own.drift, own.performance, own.cooldown) == (lw.drift("x"), rule, 3 * DAY)


@pytest.mark.parametrize("word", ["sometimes", "every:", "every:1h", "every:soon", "rows:0", "rows:-5", "performance"])
def test_what_is_no_policy_is_refused_with_those_that_are(word: str) -> None:
    with pytest.raises(UsageError):
        policy_of(word, loop())
