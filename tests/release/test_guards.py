import msgspec
import numpy as np
import pytest
from tests.release.playing import even_labels, losses, totals

from loopwright.core.verdict import Outcome
from loopwright.observations.arm_stats import ArmTotals
from loopwright.release.evidence import ArmEvidence, MetricValues, Paired
from loopwright.release.guards import GuardState, begin, judge, latency_limit_us, observe
from loopwright.release.rules import (
    AgreementGuard,
    ErrorGuard,
    EstimateGuard,
    FunctionGuard,
    LatencyGuard,
    MetricGuard,
    OutputGuard,
    QualityGuard,
    RankingGuard,
)

FUNCTION = FunctionGuard(name="price", function="m:f", bound=3.0, low=0.0, high=10.0, direction="lower_is_better")
HIGHER = msgspec.structs.replace(FUNCTION, direction="higher_is_better")
GUARDS = [
    ErrorGuard(),
    LatencyGuard(),
    QualityGuard(),
    RankingGuard(),
    OutputGuard(),
    EstimateGuard(),
    MetricGuard(metric="m"),
    FUNCTION,
    AgreementGuard(least=0.9),
]


def arm(requests=0, failures=0, latency_us=1_000, **more):
    return ArmEvidence(totals=totals(requests, failures, latency_us), **more)


def metric(values):
    return {"m": MetricValues(values=np.asarray(values, dtype=float))}


def seen(guard, candidate, champion=None, *, before=None, task="binary", state=None):
    return observe(
        guard,
        state or begin(guard),
        candidate,
        champion=champion or ArmEvidence(),
        before=before or totals(1_000),
        task=task,
    )


def verdict(guard, candidate, champion=None, **more):
    return judge(guard, seen(guard, candidate, champion, **more), alpha_harm=0.0025, alpha_safe=0.01)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_evidence_nothing_is_known(guard):
    found = verdict(guard, ArmEvidence())
    assert (found.outcome, found.n, found.value) == (Outcome.UNKNOWN, 0, None)
    assert found.details["step"] is False


def separated(n, gap):
    """The champion tells half of the pairs apart by `gap` more often than the candidate."""
    rng = np.random.default_rng(0)
    positive = np.arange(n) % 2 == 0
    champion = np.where(positive, 1.0, 0.0)
    candidate = np.where(rng.random(n) < gap, 0.5, champion)
    return Paired(losses=np.zeros(n), positive=positive, candidate=candidate, champion=champion)


@pytest.mark.parametrize(
    ("guard", "candidate", "champion", "outcome"),
    [
        (ErrorGuard(), arm(8_000), arm(8_000), Outcome.PASS),
        (ErrorGuard(), arm(200, 40), arm(200), Outcome.FAIL),
        (ErrorGuard(), arm(20), arm(2_000), Outcome.UNKNOWN),
        (ErrorGuard(), arm(4_000, 200), arm(4_000, 200), Outcome.PASS),
        (ErrorGuard(), arm(8_000, 800), arm(8_000, 400), Outcome.FAIL),
        (LatencyGuard(), arm(300), None, Outcome.PASS),
        (LatencyGuard(), arm(300, latency_us=90_000), None, Outcome.FAIL),
        (LatencyGuard(), arm(10), None, Outcome.UNKNOWN),
        (QualityGuard(), arm(paired=losses(np.zeros(3_000))), None, Outcome.PASS),
        (QualityGuard(), arm(paired=losses(np.full(500, 0.2))), None, Outcome.FAIL),
        (QualityGuard(), arm(paired=losses(np.zeros(10))), None, Outcome.UNKNOWN),
        (RankingGuard(), arm(paired=even_labels(2_000)), None, Outcome.PASS),
        (RankingGuard(), arm(paired=separated(2_000, 0.5)), None, Outcome.FAIL),
        (RankingGuard(), arm(paired=even_labels(20)), None, Outcome.UNKNOWN),
        (OutputGuard(), arm(outputs=np.full(300, 0.9)), arm(outputs=np.zeros(300)), Outcome.WARN),
        (OutputGuard(), arm(outputs=np.zeros(300)), arm(outputs=np.full(300, 0.9)), Outcome.WARN),
        (OutputGuard(), arm(outputs=np.full(300, 0.5)), arm(outputs=np.full(300, 0.5)), Outcome.PASS),
        (EstimateGuard(), arm(outputs=np.full(900, 0.5)), arm(outputs=np.full(900, 0.9)), Outcome.WARN),
        (EstimateGuard(), arm(outputs=np.full(900, 0.9)), arm(outputs=np.full(900, 0.5)), Outcome.PASS),
        (MetricGuard(metric="m"), arm(metrics=metric(np.ones(900))), arm(metrics=metric(np.ones(900))), Outcome.PASS),
        (MetricGuard(metric="m"), arm(metrics=metric(np.zeros(900))), arm(metrics=metric(np.ones(900))), Outcome.FAIL),
        (MetricGuard(metric="m"), arm(metrics=metric(np.ones(9))), arm(metrics=metric(np.ones(9))), Outcome.UNKNOWN),
        (
            MetricGuard(metric="m", high=9.0, direction="lower_is_better"),
            arm(metrics=metric(np.full(900, 99.0))),
            arm(metrics=metric(np.zeros(900))),
            Outcome.FAIL,
        ),
        (FUNCTION, arm(functions={"price": np.full(90, 1.0)}), None, Outcome.PASS),
        (FUNCTION, arm(functions={"price": np.full(90, 9.0)}), None, Outcome.FAIL),
        (FUNCTION, arm(functions={"price": np.full(90, 99.0)}), None, Outcome.FAIL),
        (HIGHER, arm(functions={"price": np.full(90, 9.0)}), None, Outcome.PASS),
        (HIGHER, arm(functions={"price": np.full(90, 0.0)}), None, Outcome.FAIL),
        (AgreementGuard(least=0.9), arm(agreed=np.ones(300, bool)), None, Outcome.PASS),
        (AgreementGuard(least=0.9), arm(agreed=np.zeros(300, bool)), None, Outcome.FAIL),
        (AgreementGuard(least=0.9), arm(agreed=np.arange(300) % 10 > 0), None, Outcome.UNKNOWN),
    ],
)
def test_what_evidence_says(guard, candidate, champion, outcome):
    found = verdict(guard, candidate, champion)
    assert found.outcome == outcome, found.reason
    assert found.reason
    assert np.isfinite(found.value)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_state_survives_as_json(guard):
    state = seen(guard, arm(7, 1, outputs=np.full(3, 0.5), paired=even_labels(1), metrics=metric([1.0])))
    assert msgspec.json.decode(msgspec.json.encode(state), type=GuardState) == state


def test_the_early_steps_are_content_with_the_wide_margin():
    found = verdict(ErrorGuard(margin=0.001, step_margin=0.02), arm(600), arm(600))
    assert (found.outcome, found.details["step"]) == (Outcome.UNKNOWN, True)
    assert verdict(ErrorGuard(margin=0.001, step_margin=None), arm(600), arm(600)).details["step"] is False


def test_harm_by_the_margin_alone_is_none_where_the_champion_fails_as_often():
    """3 % against 2.5 %: more than half of 0.1 % points worse, and far from 1.5 times as many."""
    assert verdict(ErrorGuard(), arm(90_000, 2_700), arm(90_000, 2_250)).outcome == Outcome.PASS


def test_without_a_ratio_the_margin_alone_counts():
    assert verdict(ErrorGuard(ratio=None), arm(90_000, 2_700), arm(90_000, 2_250)).outcome == Outcome.FAIL


def test_at_full_share_the_champions_rate_so_far_stands_in_for_it():
    before = totals(20_000, 200)
    assert verdict(ErrorGuard(), arm(9_000, 450), arm(450), before=before).outcome == Outcome.FAIL
    assert verdict(ErrorGuard(), arm(9_000, 60), arm(60), before=before).outcome == Outcome.PASS


def test_a_function_that_fails_is_not_known_whatever_it_said_before():
    state = seen(FUNCTION, arm(functions={"price": np.full(90, 1.0)}))
    for failed in (None, np.array([np.nan])):
        broken = seen(FUNCTION, arm(functions={"price": failed}), state=state)
        found = judge(FUNCTION, broken, alpha_harm=0.01, alpha_safe=0.01)
        assert (found.outcome, found.details["step"]) == (Outcome.UNKNOWN, False)
        assert "m:f failed" in found.reason
    again = seen(FUNCTION, arm(functions={"price": np.array([1.0])}), state=broken)
    assert judge(FUNCTION, again, alpha_harm=0.01, alpha_safe=0.01).outcome == Outcome.PASS


def test_a_function_that_fails_takes_back_no_harm():
    state = seen(FUNCTION, arm(functions={"price": np.full(90, 9.0)}))
    broken = seen(FUNCTION, arm(functions={"price": None}), state=state)
    assert judge(FUNCTION, broken, alpha_harm=0.01, alpha_safe=0.01).outcome == Outcome.FAIL


def test_latency_waits_for_a_champion_to_compare_with():
    assert verdict(LatencyGuard(), arm(500, latency_us=900_000), before=ArmTotals()).n == 0


def test_the_latency_limit_follows_the_champion_above_the_floor():
    guard = LatencyGuard(ratio=2.0, floor_us=25_000)
    assert latency_limit_us(guard, totals(100, latency_us=2_000)) == 25_000
    assert 200_000 <= latency_limit_us(guard, totals(100, latency_us=100_000)) <= 240_000
    assert latency_limit_us(guard, ArmTotals()) is None


def test_values_out_of_a_metrics_range_count_as_its_ends_and_unknown_ones_not_at_all():
    guard = MetricGuard(metric="m", high=10.0)
    wild = seen(guard, arm(metrics=metric([99.0, -5.0, np.nan])), arm(metrics=metric([10.0, 0.0])))
    assert (wild.over.n, wild.over.mean) == (2, 0.0)
