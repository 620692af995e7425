import functools

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import ReleaseError
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmTotals
from loopwright.release.evidence import Evidence
from loopwright.release.plan import Canary, errors, latency, outputs, plan_release, quality
from loopwright.release.policy import ReleaseState, decide, start

MINUTE = 60_000_000
ERRORS_ONLY = [errors()]


def plan(**declared):
    return plan_release(Canary(**declared), endpoint="e", champion="a" * 64, candidate="b" * 64, task="binary")


def arm(requests, failures=0, latency_us=1_000):
    buckets = [0] * (len(BUCKET_BOUNDS_US) + 1)
    buckets[int(np.searchsorted(BUCKET_BOUNDS_US, latency_us))] = requests - failures
    return ArmTotals(requests=requests, errors=failures, latency_us_buckets=tuple(buckets))


def both(requests=100, failures=0, **more):
    return Evidence(candidate=arm(requests, failures), champion=arm(requests), **more)


def play(given, evidences, every=MINUTE):
    """Judgements until the release ends or the evidence does."""
    state, found = start(given, 0), []
    for i, evidence in enumerate(evidences, 1):
        found.append(decide(given, state, evidence, now=i * every))
        state = found[-1].state
        if state.status != "running":
            break
    return found


def test_an_equal_candidate_passes_every_step_and_is_promoted():
    zero = np.zeros(50)
    found = play(plan(min_requests=500), [both(500, losses=zero)] * 40)
    assert found[-1].decision == "promote"
    assert (found[-1].share, found[-1].state.status) == (1.0, "promoted")
    shares = [j.share for j in found if j.decision == "advance"]
    assert shares == [0.25, 0.5, 1.0]


def test_no_evidence_holds():
    found = play(plan(), [Evidence()] * 5)
    assert {j.decision for j in found} == {"hold"}
    assert found[-1].state.step == 0
    assert any("500 more requests" in reason for reason in found[-1].reasons)


def test_too_little_traffic_holds_although_the_time_is_met():
    found = play(plan(guards=ERRORS_ONLY, min_requests=500), [both(1)] * 50)
    assert {j.decision for j in found} == {"hold"}


def test_a_step_lasts_its_least_time():
    found = play(plan(guards=ERRORS_ONLY, min_requests=1, min_time="10m", steps=[50, 100]), [both(2_000)] * 30)
    assert [i for i, j in enumerate(found, 1) if j.decision != "hold"] == [10, 20]
    assert found[-1].decision == "promote"


def test_requests_count_anew_at_each_step():
    found = play(plan(guards=ERRORS_ONLY, min_requests=1_000, steps=[5, 100]), [both(600)] * 10)
    assert [j.decision for j in found] == ["hold", "advance", "hold", "promote"]


def test_a_step_does_not_advance_before_required_guards_have_passed():
    found = play(plan(guards=ERRORS_ONLY, min_requests=1), [both(20)])
    assert found[0].decision == "hold"
    assert any(reason.startswith("errors:") for reason in found[0].reasons)


def test_a_breaker_rolls_back_at_once():
    found = play(plan(), [both(tripped="3 requests failed in a row")])
    assert (found[0].decision, found[0].share) == ("rollback", 0.0)
    assert "3 requests failed in a row" in found[0].reasons[0]


def test_a_candidate_that_errs_is_rolled_back():
    found = play(plan(), [both(200, failures=16)] * 20)
    assert found[-1].decision == "rollback"
    assert found[-1].reasons[0].startswith("errors:")
    assert found[-1].state.requests <= 1_000


def test_errors_that_the_champion_makes_too_are_not_held_against_the_candidate():
    evidence = Evidence(candidate=arm(500, 25), champion=arm(500, 25), losses=np.zeros(50))
    found = play(plan(guards=ERRORS_ONLY), [evidence] * 200)
    assert found[-1].decision == "promote"


def test_errors_at_the_last_step_are_seen_although_the_champion_answers_nothing():
    good = [both(500, losses=np.zeros(50))] * 4
    bad = [Evidence(candidate=arm(500, 40), champion=arm(40))] * 10
    found = play(plan(min_requests=500, guards=[errors(), quality()]), good + bad)
    assert any(j.share == 1.0 for j in found)
    assert found[-1].decision == "rollback"


def test_a_slow_candidate_is_rolled_back_and_a_slightly_slower_one_is_not():
    slow = Evidence(candidate=arm(100, latency_us=80_000), champion=arm(100, latency_us=2_000))
    slower = Evidence(candidate=arm(100, latency_us=20_000), champion=arm(100, latency_us=2_000))
    assert play(plan(guards=[latency()]), [slow] * 30)[-1].decision == "rollback"
    assert play(plan(guards=[latency()]), [slower] * 90)[-1].decision == "promote"


def test_a_worse_candidate_is_rolled_back_by_labels():
    rng = np.random.default_rng(0)
    found = play(plan(), [both(300, losses=rng.normal(0.03, 0.1, 200).clip(-1, 1)) for _ in range(60)])
    assert found[-1].decision == "rollback"
    assert found[-1].reasons[0].startswith("quality:")


def test_quality_is_required_only_at_the_last_step():
    found = play(plan(min_requests=500, max_time="2h"), [both(1_000)] * 200)
    assert [j.share for j in found if j.decision == "advance"] == [0.25, 0.5, 1.0]
    assert found[-1].decision == "inconclusive"


def test_without_labels_the_release_ends_inconclusive_and_the_champion_stays():
    found = play(plan(max_time="1h"), [both(1_000)] * 100)
    assert len(found) == 60
    assert (found[-1].decision, found[-1].share, found[-1].state.status) == ("inconclusive", 0.0, "inconclusive")
    assert any("quality" in reason for reason in found[-1].reasons)


def test_a_release_that_needs_no_labels_may_end_without_them():
    found = play(plan(guards=[errors(), quality(required=False)]), [both(1_000)] * 20)
    assert found[-1].decision == "promote"


def shifted(**more):
    return both(500, candidate_outputs=np.full(100, 0.8), champion_outputs=np.full(100, 0.2), **more)


def test_shifted_outputs_hold_but_never_roll_back():
    found = play(plan(guards=[errors(), outputs()], max_time="30m"), [shifted()] * 60)
    assert {j.decision for j in found} == {"hold", "inconclusive"}
    assert found[0].verdicts[1].outcome == Outcome.WARN


def test_shifted_outputs_are_released_once_labels_show_the_quality():
    found = play(plan(), [shifted(losses=np.full(100, -0.05))] * 40)
    assert found[-1].decision == "promote"


def test_a_release_that_has_ended_decides_nothing_more():
    given = plan()
    ended = decide(given, start(given, 0), both(tripped="crash"), now=1).state
    with pytest.raises(ReleaseError, match="has ended"):
        decide(given, ended, Evidence(), now=2)


def test_the_state_survives_as_json_and_goes_on_the_same():
    given = plan()
    evidence = both(300, losses=np.full(20, 0.01))
    state = decide(given, start(given, 0), evidence, now=MINUTE).state
    again = msgspec.json.decode(msgspec.json.encode(state), type=ReleaseState)
    assert again == state
    assert decide(given, again, evidence, now=2 * MINUTE) == decide(given, state, evidence, now=2 * MINUTE)


def test_deciding_is_pure():
    given = plan()
    state = start(given, 0)
    before = msgspec.json.encode(state)
    decide(given, state, both(300, losses=np.full(20, 0.01)), now=MINUTE)
    assert msgspec.json.encode(state) == before


def ends(count, make_evidence, seed, **declared):
    """How many of `count` simulated releases end in each way."""
    given, rng = plan(**declared), np.random.default_rng(seed)
    found = [play(given, (make_evidence(rng) for _ in range(120)))[-1].decision for _ in range(count)]
    return {name: found.count(name) for name in set(found)}


def losses_with_mean(mean):
    return lambda rng: both(200, losses=(mean + rng.choice([-0.15, 0.15], 100)).clip(-1, 1))


QUALITY = {"guards": [quality(0.01)], "min_requests": 100, "steps": [50, 100]}


def test_a_candidate_worse_by_the_margin_is_hardly_ever_promoted():
    assert ends(40, losses_with_mean(0.01), 1, **QUALITY).get("promote", 0) <= 40 * 0.05 + 2


def test_a_candidate_worse_by_the_margin_is_hardly_ever_rolled_back_wrongly_either():
    assert ends(40, losses_with_mean(0.01), 2, **QUALITY).get("rollback", 0) <= 40 * 0.05 + 2


def test_an_equal_candidate_is_eventually_promoted():
    found = ends(30, losses_with_mean(0.0), 3, **QUALITY)
    assert found.get("promote", 0) >= 28
    assert found.get("rollback", 0) <= 1


def test_a_candidate_much_worse_is_always_rolled_back():
    assert ends(30, losses_with_mean(0.04), 4, **QUALITY) == {"rollback": 30}


def test_unpaired_error_shares_at_the_margin_are_hardly_ever_promoted_however_often_looked_at():
    def evidence(rng):
        n, m = 40, 160
        return Evidence(candidate=arm(n, int(rng.binomial(n, 0.07))), champion=arm(m, int(rng.binomial(m, 0.05))))

    found = ends(40, evidence, 5, guards=[errors(0.02)], min_requests=40, steps=[20, 100])
    assert found.get("promote", 0) <= 40 * 0.05 + 2
    assert found.get("rollback", 0) <= 40 * 0.05 + 2


@pytest.mark.slow
def test_error_rates_hold_over_many_releases():
    assert ends(1_000, losses_with_mean(0.01), 6, **QUALITY).get("promote", 0) <= 50
    assert ends(1_000, losses_with_mean(0.01), 7, **QUALITY).get("rollback", 0) <= 50


def test_evidence_folds_in_any_portions():
    given = plan(guards=[quality(0.01)])
    values = np.random.default_rng(0).normal(0.0, 0.05, 300)
    at_once = decide(given, start(given, 0), Evidence(losses=values), now=1).state
    parts = functools.reduce(
        lambda state, part: decide(given, state, Evidence(losses=part), now=1).state,
        np.split(values, 6),
        start(given, 0),
    )
    assert parts.guards["quality"].over.log_e == pytest.approx(at_once.guards["quality"].over.log_e)
