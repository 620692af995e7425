import msgspec
import pytest
from tests.release.playing import plan

from loopwright.errors import UsageError
from loopwright.release.freeze import Freeze
from loopwright.release.plan import ReleasePlan
from loopwright.release.routing import Cohort
from loopwright.release.rules import (
    QualityGuard,
    error_guard,
    estimate_guard,
    guard,
    latency_guard,
    metric_guard,
    output_guard,
    quality_guard,
    ranking_guard,
)
from loopwright.release.strategy import ABTest, Bandit, BlueGreen, Canary, Shadow

TWO = {"b": "b" * 64, "c": "c" * 64}
EVERY_GUARD = [
    error_guard(0.02),
    latency_guard(1.5),
    quality_guard(0.01),
    ranking_guard(),
    output_guard(0.2),
    estimate_guard(),
    metric_guard("conversion"),
    guard("mean price", plan, bound=3.0, low=0.0, high=10.0),
]
INSIDERS = Cohort(source="header", field="x-insider", values=("1",))


@pytest.mark.parametrize(
    "strategy",
    [
        Canary(steps=[5, 100], min_time="1h", guards=EVERY_GUARD, freeze=[Freeze("Fri 16:00", "Mon 08:00")]),
        BlueGreen(cohort=INSIDERS, guards=EVERY_GUARD),
        ABTest(metric="m", shares=[10], guards=EVERY_GUARD, cohort=INSIDERS),
        Bandit(metric="m", guards=EVERY_GUARD),
        Shadow(agreement=0.9, then=Canary(guards=EVERY_GUARD)),
        Shadow(then=ABTest(metric="m")),
    ],
)
def test_a_plan_round_trips_as_json(strategy):
    before = plan(strategy)
    assert msgspec.json.decode(msgspec.json.encode(before), type=ReleasePlan) == before
    assert msgspec.convert(msgspec.to_builtins(before), ReleasePlan) == before


def test_the_candidate_has_one_arm_and_several_have_their_own():
    assert plan().candidates == {"candidate": plan().candidate}
    assert plan(ABTest(metric="m"), candidate=TWO).candidates == TWO


def test_alpha_is_split_over_guards_candidates_and_stages():
    assert plan(Canary(guards=[error_guard(), quality_guard()], alpha=0.1)).alpha_of_a_guard(0) == 0.05
    assert plan(ABTest(metric="m", guards=[error_guard()], alpha=0.1), candidate=TWO).alpha_of_a_guard(0) == 0.05
    shadowed = plan(Shadow(guards=[error_guard()], alpha=0.1, then=Canary(guards=[error_guard()], alpha=0.02)))
    assert [shadowed.alpha_of_a_guard(stage) for stage in (0, 1)] == [0.05, 0.01]


def test_guards_that_do_not_concern_the_task_are_left_out():
    names = [g.name for g in plan(Canary(guards=EVERY_GUARD), task="regression").guards]
    assert "ranking" not in names
    assert "estimate" not in names
    assert "ranking" not in [g.name for g in plan(Canary(guards=EVERY_GUARD), task="multiclass").guards]


def test_a_regression_takes_its_scale_from_the_champions_reference():
    assert plan(Canary(guards=[quality_guard()]), task="regression").guards == (QualityGuard(scale=1.0),)


def test_what_a_release_is_about_is_known_from_any_of_its_stages():
    found = plan(Shadow(then=ABTest(metric="m", unit="user", cohort=INSIDERS, guards=[metric_guard("n")])))
    assert (found.metrics, found.unit, found.cohort) == (("m", "n"), "user", INSIDERS)
    assert plan(Shadow(agreement=0.9)).guards[-1].name == "agreement"


def test_the_longest_time_is_that_of_all_stages_or_the_limit():
    hour = 3_600_000_000
    found = plan(Shadow(max_time="2h", then=Canary(max_time="3h")))
    assert found.max_time == 5 * hour
    assert msgspec.structs.replace(found, limit=hour).max_time == hour


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
        lambda: Canary(guards=[error_guard(), error_guard()]),
        lambda: Canary(guards=["errors"]),
        lambda: Canary(guards=[error_guard(0.0)]),
        lambda: Canary(guards=[error_guard(ratio=1.0)]),
        lambda: Canary(guards=[metric_guard("m", low=1.0, high=1.0)]),
        lambda: Canary(guards=[guard("m", plan, bound=2.0, low=0.0, high=1.0)]),
        lambda: Canary(freeze=["Fri"]),
        lambda: guard("m", lambda: 0, bound=0.5, low=0.0, high=1.0),
        lambda: latency_guard(floor="quick"),
        lambda: BlueGreen(shadow=101),
        lambda: BlueGreen(watch="8d"),
        lambda: Shadow(share=0),
        lambda: Shadow(agreement=1.0),
        lambda: ABTest(metric="m", shares=[50, 50]),
        lambda: ABTest(metric="m", shares=[0]),
        lambda: ABTest(metric=""),
        lambda: ABTest(metric="m", low=1, high=0),
        lambda: ABTest(metric="m", min_effect=-0.1),
        lambda: ABTest(metric="m", min_effect=0.1, non_inferior=0.1),
        lambda: ABTest(metric="m", sample_ratio_alpha=0.0),
        lambda: Bandit(metric="m", burn_in=0),
        lambda: Bandit(metric="m", win_probability=0.5),
        lambda: Bandit(metric="m", every="forever"),
        lambda: plan(candidate="a" * 64),
        lambda: plan(candidate={}),
        lambda: plan(candidate={"champion": "b" * 64}),
        lambda: plan(candidate=TWO),
        lambda: plan(ABTest(metric="m"), candidate={"b": "b" * 64, "c": "b" * 64}),
        lambda: plan(ABTest(metric="m", shares=[10]), candidate=TWO),
        lambda: plan(Bandit(metric="m", min_share=40), candidate=TWO),
        lambda: plan(Shadow(then=ABTest(metric="m")), candidate=TWO),
    ],
)
def test_what_is_no_plan_is_refused_with_a_fix(make):
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.fix
