import msgspec
import pytest

from loopwright.errors import UsageError
from loopwright.release.plan import (
    Canary,
    ErrorGuard,
    QualityGuard,
    ReleasePlan,
    errors,
    latency,
    outputs,
    plan_release,
    quality,
)


def plan(canary=None, **changes):
    given = {"endpoint": "flight-delay", "champion": "a" * 64, "candidate": "b" * 64, "task": "binary"}
    return plan_release(canary or Canary(), **(given | changes))


def test_a_plan_round_trips_as_json():
    before = plan(
        Canary(steps=[5, 100], min_time="1h", guards=[errors(0.02), latency(1.5), quality(0.01), outputs(0.2)])
    )
    assert msgspec.json.decode(msgspec.json.encode(before), type=ReleasePlan) == before


def test_percent_and_durations_become_shares_and_microseconds():
    found = plan(Canary(steps=[5, 25, 50, 100], min_requests=500, min_time="1h"))
    assert found.shares == (0.05, 0.25, 0.5, 1.0)
    assert (found.min_requests, found.min_time, found.last_step) == (500, 3_600_000_000, 3)


def test_alpha_is_split_over_the_guards():
    assert plan(Canary(guards=[errors(), quality()], alpha=0.1)).alpha_of_a_guard == 0.05


def test_a_regression_takes_its_scale_from_the_champions_reference():
    found = plan(Canary(guards=[quality()]), task="regression", loss_scale=3.5)
    assert found.guards == (QualityGuard(scale=3.5),)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Canary(steps=[]),
        lambda: Canary(steps=[5, 5, 100]),
        lambda: Canary(steps=[5, 50]),
        lambda: Canary(steps=[0, 100]),
        lambda: Canary(steps=[50, 20, 100]),
        lambda: Canary(min_requests=0),
        lambda: Canary(min_time="soon"),
        lambda: Canary(min_time="10d", max_time="30d"),
        lambda: Canary(alpha=0.0),
        lambda: Canary(guards=[errors(), errors()]),
        lambda: Canary(guards=["errors"]),
        lambda: Canary(guards=[ErrorGuard(margin_ratio=0.0)]),
        lambda: latency(floor="quick"),
        lambda: plan(candidate="a" * 64),
        lambda: plan(task="regression"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_fix(make):
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.fix
