import numpy as np
import pytest
from tests.release.playing import both, evidence, losses, plan, play, totals

from loopwright.release.explain import Assumptions, explain
from loopwright.release.rules import error_guard, guard, latency_guard, metric_guard, output_guard, quality_guard
from loopwright.release.strategy import ABTest, Bandit, BlueGreen, Canary, Shadow


def forecast(assumed=None, strategy=None, **declared):
    return explain(plan(strategy, **declared), assumed)


def need(found, guard):
    return next(n.needed for n in found.guards if n.guard == guard)


def test_each_step_needs_its_requests_times_the_share():
    found = forecast(steps=[5, 50, 100], min_requests=2_000, guards=[quality_guard()])
    assert [step.requests for step in found.steps] == [40_000, 4_000, 2_000]


def test_steps_wait_for_guards_that_they_require():
    found = forecast(steps=[10, 50, 100], min_requests=1, guards=[error_guard(0.001, step_margin=0.02)])
    strict = need(found, "errors")
    first = found.steps[0].requests / 10
    assert first < strict / 4
    assert found.steps[1].requests == pytest.approx((strict - first) * 2, rel=0.01)
    assert found.steps[2].requests == 1


@pytest.mark.parametrize(
    ("narrow", "wide", "guard"),
    [
        (error_guard(0.005), error_guard(0.05), "errors"),
        (quality_guard(0.002), quality_guard(0.02), "quality"),
        (metric_guard("m", 0.02), metric_guard("m", 0.2), "metric:m"),
    ],
)
def test_a_narrow_margin_needs_more(narrow, wide, guard):
    assert need(forecast(guards=[narrow]), guard) > 2 * need(forecast(guards=[wide]), guard)


def test_the_assumptions_count():
    calm, noisy = Assumptions(loss_deviation=0.02), Assumptions(loss_deviation=0.2)
    assert need(forecast(calm, guards=[quality_guard()]), "quality") < need(
        forecast(noisy, guards=[quality_guard()]), "quality"
    )
    few, many = Assumptions(failure_ratio=0.0), Assumptions(failure_ratio=0.001)
    assert need(forecast(few, guards=[error_guard()]), "errors") < need(
        forecast(many, guards=[error_guard()]), "errors"
    )


def test_frequent_failures_tell_twice_as_many_apart_sooner_than_rare_ones():
    rare, frequent = (need(forecast(Assumptions(failure_ratio=rate)), "errors") for rate in (0.002, 0.05))
    assert frequent < rare / 10


def test_rare_positives_need_more_labels():
    even, rare = (need(forecast(Assumptions(positive_ratio=share)), "ranking") for share in (0.5, 0.05))
    assert rare == pytest.approx(10 * even, rel=0.01)


def test_what_cannot_pass_says_so():
    found = forecast(Assumptions(slow_ratio=0.2, requests_per_day=1e6), guards=[latency_guard()])
    assert need(found, "latency") is None
    assert found.within_limit is False
    assert "cannot pass" in "\n".join(found.lines())


def test_traffic_turns_counts_into_days():
    busy = Assumptions(requests_per_day=10_000_000, labels_per_day=900_000)
    assert forecast(busy).within_limit is True
    assert forecast(busy).days < 1
    quiet = Assumptions(requests_per_day=50, labels_per_day=40)
    assert forecast(quiet).within_limit is False
    assert forecast().days is None


def test_guards_that_are_not_required_are_not_waited_for():
    guards = [error_guard(), output_guard(), quality_guard(required="never")]
    assert [n.guard for n in forecast(guards=guards).guards] == ["errors"]


def test_a_function_is_no_forecast():
    found = forecast(guards=[guard("price", forecast, bound=0.5, low=0.0, high=1.0)])
    assert (need(found, "price"), found.within_limit) == (None, None)
    assert "price: depends on its function" in found.lines()


def test_lines_name_every_step_and_guard():
    lines = forecast(Assumptions(requests_per_day=900, labels_per_day=850)).lines()
    assert lines[0].startswith("step 1 of 4, 5%: at least ")
    assert any(line.startswith("quality: about ") and "labels" in line for line in lines)


@pytest.mark.parametrize(
    ("strategy", "steps"),
    [
        (BlueGreen(), ["standing by", "switched"]),
        (Shadow(share=50, then=Canary(steps=[50, 100])), ["shadow", "", ""]),
        (ABTest(metric="m"), ["test"]),
        (Bandit(metric="m"), ["burn-in"]),
    ],
)
def test_every_strategy_has_a_forecast(strategy, steps):
    found = forecast(Assumptions(requests_per_day=1e6, labels_per_day=1e5, values_per_day=1e5), strategy)
    assert [step.name for step in found.steps] == steps
    assert all(step.requests > 0 for step in found.steps)
    assert found.lines()


def test_a_test_needs_more_values_for_a_smaller_gain_and_for_more_variants():
    small, great = (forecast(Assumptions(gain=gain), ABTest(metric="m")) for gain in (0.01, 0.04))
    assert need(small, "m") > 8 * need(great, "m")
    several = explain(plan(ABTest(metric="m"), candidate={"b": "b" * 64, "c": "c" * 64}), Assumptions(gain=0.04))
    assert need(several, "m") > need(great, "m")


@pytest.mark.parametrize("rate", [0.0, 0.01])
def test_the_forecast_of_failures_is_about_what_a_release_needs(rate):
    rng = np.random.default_rng(0)
    foreseen = need(forecast(Assumptions(failure_ratio=rate), guards=[error_guard()], steps=[50, 100]), "errors")
    seen = []
    for _ in range(20):
        parts = (
            evidence(totals(200, rng.binomial(200, rate)), totals(200, rng.binomial(200, rate))) for _ in range(500)
        )
        seen.append(play(plan(guards=[error_guard()], steps=[50, 100], min_requests=1), parts)[-1].state.requests)
    assert 0.6 * foreseen < np.median(seen) < 1.7 * foreseen


def test_the_forecast_of_labels_is_about_what_a_release_needs():
    rng = np.random.default_rng(0)
    foreseen = need(forecast(Assumptions(loss_deviation=0.1), guards=[quality_guard()]), "quality")
    given = plan(guards=[quality_guard()], min_requests=1, steps=[100])
    seen = [
        play(given, (both(1, paired=losses(rng.choice([-0.1, 0.1], 100))) for _ in range(900)))[-1].state.labels
        for _ in range(20)
    ]
    assert 0.6 * foreseen < np.median(seen) < 1.7 * foreseen
