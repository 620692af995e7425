import pytest

from loopwright.release.explain import Assumptions, explain
from loopwright.release.plan import Canary, errors, latency, outputs, plan_release, quality


def forecast(assumed=None, **declared):
    plan = plan_release(Canary(**declared), endpoint="e", champion="a" * 64, candidate="b" * 64, task="binary")
    return explain(plan, assumed)


def need(found, guard):
    return next(n.needed for n in found.guards if n.guard == guard)


def test_each_step_needs_its_requests_times_the_share():
    found = forecast(steps=[5, 50, 100], min_requests=2_000)
    assert [step.requests for step in found.steps] == [40_000, 4_000, 2_000]


def test_the_first_step_waits_for_guards_that_every_step_requires():
    found = forecast(steps=[10, 100], min_requests=1, guards=[errors()])
    assert found.steps[0].requests == 10 * need(found, "errors")
    assert found.steps[1].requests == 1


@pytest.mark.parametrize(
    ("narrow", "wide", "guard"),
    [
        (errors(0.005), errors(0.05), "errors"),
        (quality(0.002), quality(0.02), "quality"),
    ],
)
def test_a_narrow_margin_needs_more(narrow, wide, guard):
    assert need(forecast(guards=[narrow]), guard) > 2 * need(forecast(guards=[wide]), guard)


def test_the_assumptions_count():
    calm, noisy = Assumptions(loss_deviation=0.02), Assumptions(loss_deviation=0.2)
    assert need(forecast(calm, guards=[quality()]), "quality") < need(forecast(noisy, guards=[quality()]), "quality")
    few, many = Assumptions(failure_ratio=0.0), Assumptions(failure_ratio=0.05)
    assert need(forecast(few, guards=[errors()]), "errors") < need(forecast(many, guards=[errors()]), "errors")


def test_what_cannot_pass_says_so():
    found = forecast(Assumptions(slow_ratio=0.2, requests_per_day=1e6), guards=[latency()])
    assert need(found, "latency") is None
    assert found.within_limit is False
    assert "cannot pass" in "\n".join(found.lines())


def test_traffic_turns_counts_into_days():
    busy = Assumptions(requests_per_day=1_000_000, labels_per_day=900_000)
    assert forecast(busy).within_limit is True
    assert forecast(busy).days < 1
    quiet = Assumptions(requests_per_day=50, labels_per_day=40)
    assert forecast(quiet).within_limit is False
    assert forecast().days is None


def test_guards_that_are_not_required_are_not_waited_for():
    assert [n.guard for n in forecast(guards=[errors(), outputs(), quality(required=False)]).guards] == ["errors"]


def test_lines_name_every_step_and_guard():
    lines = forecast(Assumptions(requests_per_day=900, labels_per_day=850)).lines()
    assert lines[0].startswith("step 1 of 4, 5%: at least ")
    assert any(line.startswith("quality: about ") and "labels" in line for line in lines)
