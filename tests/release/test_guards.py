import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmTotals
from loopwright.release.evidence import Evidence
from loopwright.release.guards import begin, differences, judge, latency_limit_us, observe
from loopwright.release.plan import ErrorGuard, LatencyGuard, OutputGuard, QualityGuard


def arm(requests, failures=0, latency_us=1_000):
    buckets = [0] * (len(BUCKET_BOUNDS_US) + 1)
    buckets[int(np.searchsorted(BUCKET_BOUNDS_US, latency_us))] = requests - failures
    return ArmTotals(requests=requests, errors=failures, latency_us_buckets=tuple(buckets))


def verdict(guard, evidence, before=None):
    state = observe(guard, begin(guard), evidence, before=before or ArmTotals())
    return judge(guard, state, alpha_harm=0.0125, alpha_safe=0.05)


@pytest.mark.parametrize("guard", [ErrorGuard(), LatencyGuard(), QualityGuard(), OutputGuard()])
def test_without_evidence_nothing_is_known(guard):
    found = verdict(guard, Evidence())
    assert (found.outcome, found.n, found.value) == (Outcome.UNKNOWN, 0, None)


@pytest.mark.parametrize(
    ("guard", "evidence", "outcome"),
    [
        (ErrorGuard(), Evidence(candidate=arm(2_000), champion=arm(2_000)), Outcome.PASS),
        (ErrorGuard(), Evidence(candidate=arm(200, 40), champion=arm(200)), Outcome.FAIL),
        (ErrorGuard(), Evidence(candidate=arm(20), champion=arm(2_000)), Outcome.UNKNOWN),
        (QualityGuard(), Evidence(losses=np.zeros(3_000)), Outcome.PASS),
        (QualityGuard(), Evidence(losses=np.full(500, 0.2)), Outcome.FAIL),
        (QualityGuard(), Evidence(losses=np.zeros(10)), Outcome.UNKNOWN),
        (LatencyGuard(), Evidence(candidate=arm(300)), Outcome.PASS),
        (LatencyGuard(), Evidence(candidate=arm(300, latency_us=90_000)), Outcome.FAIL),
        (OutputGuard(), Evidence(candidate_outputs=np.full(300, 0.9), champion_outputs=np.zeros(300)), Outcome.WARN),
        (OutputGuard(), Evidence(candidate_outputs=np.zeros(300), champion_outputs=np.full(300, 0.9)), Outcome.WARN),
        (
            OutputGuard(),
            Evidence(candidate_outputs=np.full(300, 0.5), champion_outputs=np.full(300, 0.5)),
            Outcome.PASS,
        ),
    ],
)
def test_what_evidence_says(guard, evidence, outcome):
    found = verdict(guard, evidence, before=arm(1_000))
    assert found.outcome == outcome
    assert found.reason


def test_latency_waits_for_a_champion_to_compare_with():
    assert verdict(LatencyGuard(), Evidence(candidate=arm(500, latency_us=900_000))).n == 0


def test_the_latency_limit_follows_the_champion_above_the_floor():
    guard = LatencyGuard(ratio=2.0, floor_us=25_000)
    assert latency_limit_us(guard, arm(100, latency_us=2_000)) == 25_000
    assert 200_000 <= latency_limit_us(guard, arm(100, latency_us=100_000)) <= 240_000
    assert latency_limit_us(guard, arm(0)) is None


def test_group_differences_use_every_value_once():
    rng = np.random.default_rng(0)
    candidate, champion = rng.random(7), rng.random(40)
    found = differences(candidate, champion, seed=3)
    assert len(found) == 7
    assert differences(candidate, champion, seed=3).tolist() == found.tolist()
    even = differences(candidate, rng.random(14), seed=3)
    assert len(even) == 7
    assert len(differences(candidate, np.empty(0), seed=3)) == 0
    assert differences(np.arange(4.0), np.full(8, 2.0), seed=1).sum() == pytest.approx(6.0 - 8.0)
