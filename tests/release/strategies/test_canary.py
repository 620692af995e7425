import numpy as np
import pytest
from tests.release.playing import MINUTE, both, even_labels, evidence, losses, plan, play, totals

from loopwright.core.verdict import Outcome
from loopwright.release.evidence import Evidence
from loopwright.release.rules import error_guard, latency_guard, output_guard, quality_guard

ERRORS_ONLY = [error_guard(0.02)]
QUALITY = {"guards": [quality_guard(0.01)], "min_requests": 100, "steps": [50, 100], "alpha": 0.05}


def test_an_equal_candidate_passes_every_step_and_is_promoted():
    found = play(plan(min_requests=500), [both(1_000, paired=even_labels(400))] * 40)
    assert found[-1].decision == "promote"
    assert (found[-1].share, found[-1].state.status, found[-1].state.winner) == (1.0, "promoted", "candidate")
    assert [j.share for j in found if j.decision == "advance"] == [0.25, 0.5, 1.0]


def test_too_little_traffic_holds_although_the_time_is_met():
    found = play(plan(guards=ERRORS_ONLY, min_requests=500), [both(1)] * 50)
    assert {j.decision for j in found} == {"hold"}
    assert any("450 more requests" in reason for reason in found[-1].reasons)


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


def test_an_early_step_needs_the_wide_margin_and_the_last_one_beside_the_champion_the_narrow_one():
    guards = [error_guard(0.001, step_margin=0.02)]
    found = play(plan(guards=guards, min_requests=1, steps=[5, 50, 100]), [both(100)] * 100)
    at = [i for i, j in enumerate(found, 1) if j.decision != "hold"]
    assert at[0] < 6
    assert 40 < at[1] == at[2] - 1
    assert found[-1].decision == "promote"


def test_a_candidate_that_errs_is_rolled_back():
    found = play(plan(), [both(200, failures=16)] * 20)
    assert found[-1].decision == "rollback"
    assert found[-1].reasons[0].startswith("errors:")
    assert found[-1].state.requests <= 1_000


def test_errors_that_the_champion_makes_too_are_not_held_against_the_candidate():
    found = play(plan(guards=ERRORS_ONLY), [evidence(totals(500, 25), totals(500, 25))] * 200)
    assert found[-1].decision == "promote"


def test_errors_at_the_last_step_are_seen_although_the_champion_answers_nothing():
    good = [both(1_000)] * 8
    bad = [evidence(totals(500, 40), totals(40))] * 10
    found = play(plan(min_requests=500, guards=[error_guard(), quality_guard()]), good + bad)
    assert any(j.share == 1.0 for j in found)
    assert found[-1].decision == "rollback"


def test_a_slow_candidate_is_rolled_back_and_a_slightly_slower_one_is_not():
    slow = evidence(totals(100, latency_us=80_000), totals(100, latency_us=2_000))
    slower = evidence(totals(100, latency_us=20_000), totals(100, latency_us=2_000))
    assert play(plan(guards=[latency_guard()]), [slow] * 30)[-1].decision == "rollback"
    assert play(plan(guards=[latency_guard()]), [slower] * 90)[-1].decision == "promote"


def test_a_worse_candidate_is_rolled_back_by_labels():
    rng = np.random.default_rng(0)
    found = play(
        plan(guards=[quality_guard()]),
        [both(300, paired=losses(rng.normal(0.03, 0.1, 200).clip(-1, 1))) for _ in range(60)],
    )
    assert found[-1].decision == "rollback"
    assert found[-1].reasons[0].startswith("quality:")


def test_quality_is_required_only_at_the_last_step():
    found = play(plan(min_requests=500, max_time="2h"), [both(3_000)] * 200)
    assert [j.share for j in found if j.decision == "advance"] == [0.25, 0.5, 1.0]
    assert found[-1].decision == "inconclusive"
    assert any("quality" in reason for reason in found[-1].reasons)


def test_a_release_that_needs_no_labels_may_end_without_them():
    found = play(plan(guards=[error_guard(), quality_guard(required="never")]), [both(3_000)] * 20)
    assert found[-1].decision == "promote"


def shifted(**more):
    return both(2_000, outputs=(np.full(100, 0.8), np.full(100, 0.2)), **more)


def test_shifted_outputs_hold_but_never_roll_back():
    found = play(plan(guards=[error_guard(), output_guard()], max_time="30m"), [shifted()] * 60)
    assert {j.decision for j in found} == {"hold", "inconclusive"}
    assert found[0].verdicts[1].outcome == Outcome.WARN


def test_shifted_outputs_are_released_once_labels_show_the_quality():
    guards = [error_guard(), quality_guard(), output_guard()]
    found = play(plan(guards=guards), [shifted(paired=losses(np.full(100, -0.05)))] * 40)
    assert found[-1].decision == "promote"


def ends(count, make_evidence, seed, **declared):
    """How many of `count` simulated releases end in each way."""
    given, rng = plan(**declared), np.random.default_rng(seed)
    found = [play(given, (make_evidence(rng) for _ in range(120)))[-1].decision for _ in range(count)]
    return {name: found.count(name) for name in set(found)}


def losses_with_mean(mean):
    return lambda rng: both(200, paired=losses((mean + rng.choice([-0.15, 0.15], 100)).clip(-1, 1)))


def test_a_candidate_worse_by_the_margin_is_hardly_ever_promoted():
    assert ends(40, losses_with_mean(0.01), 1, **QUALITY).get("promote", 0) <= 40 * 0.05 + 2


def test_a_candidate_worse_by_half_the_margin_is_hardly_ever_rolled_back():
    assert ends(40, losses_with_mean(0.005), 2, **QUALITY).get("rollback", 0) <= 40 * 0.05 + 2


def test_an_equal_candidate_is_eventually_promoted():
    found = ends(30, losses_with_mean(0.0), 3, **QUALITY)
    assert found.get("promote", 0) >= 28
    assert found.get("rollback", 0) <= 1


def test_a_candidate_much_worse_is_always_rolled_back():
    assert ends(30, losses_with_mean(0.04), 4, **QUALITY) == {"rollback": 30}


def errors_of(candidate, champion):
    def make(rng):
        n, m = 40, 160
        return evidence(totals(n, int(rng.binomial(n, candidate))), totals(m, int(rng.binomial(m, champion))))

    return make


def test_unpaired_error_shares_at_the_margin_are_hardly_ever_promoted_however_often_looked_at():
    declared = {"guards": [error_guard(0.02, ratio=None)], "min_requests": 40, "steps": [20, 100], "alpha": 0.05}
    assert ends(40, errors_of(0.07, 0.05), 5, **declared).get("promote", 0) <= 40 * 0.05 + 2
    assert ends(40, errors_of(0.06, 0.05), 6, **declared).get("rollback", 0) <= 40 * 0.05 + 2


def test_twice_the_errors_are_hardly_ever_promoted_however_often_looked_at():
    declared = {"guards": [error_guard(0.001)], "min_requests": 40, "steps": [20, 100], "alpha": 0.05}
    assert ends(40, errors_of(0.10, 0.05), 7, **declared).get("promote", 0) <= 40 * 0.05 + 2
    assert ends(40, errors_of(0.05, 0.05), 8, **declared).get("rollback", 0) <= 40 * 0.05 + 2


@pytest.mark.slow
def test_error_rates_hold_over_many_releases():
    assert ends(1_000, losses_with_mean(0.01), 9, **QUALITY).get("promote", 0) <= 50
    assert ends(1_000, losses_with_mean(0.005), 10, **QUALITY).get("rollback", 0) <= 50


def test_a_request_a_look_loses_no_evidence():
    """Sparse traffic: each look sees one request of one arm."""
    one = [evidence(totals(1), None) if i % 4 == 0 else evidence(None, totals(1)) for i in range(2_000)]
    given = plan(guards=[error_guard(0.02)], min_requests=100, steps=[25, 100])
    assert play(given, one)[-1].decision in ("promote", "advance", "hold")
    assert any(j.decision == "advance" for j in play(given, one))


def test_no_evidence_says_how_many_requests_are_missing():
    found = play(plan(), [Evidence()] * 5, every=MINUTE)
    assert any("500 more requests" in reason for reason in found[-1].reasons)
