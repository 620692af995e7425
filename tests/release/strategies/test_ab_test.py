import numpy as np
import pytest
from tests.release.playing import plan as plan_of
from tests.release.playing import totals

from loopwright.core.clock import micros
from loopwright.release.evidence import ArmEvidence, Evidence, MetricValues
from loopwright.release.freeze import Freeze
from loopwright.release.policy import decide, start
from loopwright.release.rules import error_guard, metric_guard
from loopwright.release.strategy import ABTest

MINUTE = 60_000_000
TWO = {"b": "b" * 64, "c": "c" * 64}


def plan(variants=None, **declared):
    return plan_of(ABTest(**{"metric": "m", "guards": [], **declared}), candidate=variants or {"b": "b" * 64})


def arm(values, units=None, past=(), **more):
    values = np.asarray(values, dtype=float)
    metric = {"m": MetricValues(values=values, covariates=np.asarray(past, dtype=float))}
    return ArmEvidence(units=len(values) if units is None else units, metrics=metric, **more)


def looks(seed, rates, n=100, count=200):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield Evidence(arms={name: arm(rng.random(n) < rate) for name, rate in rates.items()})


def play(given, evidences, at=0):
    state, found = start(given, at), []
    for i, part in enumerate(evidences, 1):
        found.append(decide(given, state, part, now=at + i * MINUTE))
        state = found[-1].state
        if state.status != "running":
            break
    return found


def test_shares_are_even_or_as_declared_and_the_rest_is_the_champions():
    even, declared = start(plan(TWO), 0), start(plan(TWO, shares=[10, 20]), 0)
    assert even.experiment.shares == dict.fromkeys(["champion", *TWO], pytest.approx(1 / 3))
    assert declared.experiment.shares == {"champion": pytest.approx(0.7), "b": 0.1, "c": 0.2}
    judged = decide(plan(TWO, shares=[10, 20]), declared, Evidence(), now=1)
    assert [(a.name, a.role, a.share) for a in judged.arms] == [
        ("champion", "champion", pytest.approx(0.7)),
        ("b", "variant", 0.1),
        ("c", "variant", 0.2),
    ]


def test_the_better_variant_wins():
    found = play(plan(TWO), looks(0, {"champion": 0.2, "b": 0.2, "c": 0.3}))
    assert (found[-1].decision, found[-1].state.winner) == ("promote", "c")
    assert found[-1].arms[0].version == TWO["c"]
    assert found[-1].reasons == ("c is proven better than the champion on m",)


def test_of_two_that_win_at_once_the_better_one_is_promoted():
    part = Evidence(arms={"champion": arm([0] * 400), "b": arm([0.4] * 400), "c": arm([0.9] * 400)})
    assert play(plan(TWO), [part])[-1].state.winner == "c"


def test_a_worse_variant_is_taken_out_and_its_traffic_goes_to_the_champion():
    found = play(plan(TWO), looks(0, {"champion": 0.3, "b": 0.1, "c": 0.3}))
    dropped = next(j for j in found if j.decision == "advance")
    assert dropped.reasons == ("b: it is proven worse than the champion on m",)
    assert {a.name: a.share for a in dropped.arms} == {"champion": pytest.approx(2 / 3), "c": pytest.approx(1 / 3)}
    assert dropped.state.arms["b"].dropped
    assert dropped.state.experiment.units == {}, "units are counted by the new shares"


def test_when_no_variant_is_left_the_release_is_rolled_back():
    found = play(plan(TWO), looks(0, {"champion": 0.5, "b": 0.1, "c": 0.1}))
    assert (found[-1].decision, found[-1].share) == ("rollback", 0.0)


def test_without_a_difference_nobody_wins_and_the_champion_stays():
    found = play(plan(max_time="1h"), looks(1, {"champion": 0.2, "b": 0.2}))
    assert (len(found), found[-1].decision) == (60, "inconclusive")
    assert "no variant has won" in found[-1].reasons


def test_a_least_effect_must_be_exceeded():
    rates = {"champion": 0.2, "b": 0.25}
    assert play(plan(min_effect=0.10, max_time="2h"), looks(0, rates))[-1].decision == "inconclusive"
    assert play(plan(min_effect=0.01), looks(0, rates, count=600))[-1].decision == "promote"


def test_a_variant_that_is_not_worse_wins_where_that_is_all_that_is_asked():
    found = play(plan(non_inferior=0.05), looks(0, {"champion": 0.2, "b": 0.2}))
    assert found[-1].decision == "promote"
    assert "worse by less than 0.05" in found[-1].reasons[0]
    worse = play(plan(non_inferior=0.05, max_time="3h"), looks(0, {"champion": 0.25, "b": 0.2}))
    assert worse[-1].decision != "promote"


def test_less_may_be_better():
    found = play(plan(direction="lower_is_better"), looks(0, {"champion": 0.3, "b": 0.2}))
    assert found[-1].state.winner == "b"


def test_nothing_is_decided_on_few_units():
    parts = looks(0, {"champion": 0.0, "b": 1.0}, n=20, count=9)
    found = play(plan(min_units=100), parts)
    assert [j.decision for j in found] == ["hold"] * 4 + ["promote"]
    assert found[0].reasons == ("b: m of fewer than 100 units is known",)


def test_units_out_of_proportion_end_the_test_whatever_the_metric_says():
    part = Evidence(arms={"champion": arm([0.0] * 500, units=500), "b": arm([1.0] * 400, units=300)})
    found = play(plan(), [part] * 5)
    assert found[-1].decision == "inconclusive"
    assert "not dealt as the shares say" in found[-1].reasons[0]
    assert "champion" in found[-1].reasons[0]


def test_a_guard_takes_a_variant_out():
    bad = arm([0.2] * 100, totals=totals(500, 300))
    fine = arm([0.2] * 100, totals=totals(500))
    found = play(plan(TWO, guards=[error_guard()]), [Evidence(arms={"champion": fine, "b": bad, "c": fine})] * 3)
    assert found[0].decision == "advance"
    assert found[0].reasons[0].startswith("b: b/errors:")
    assert found[-1].state.standing == ("c",)


def test_a_tripped_variant_is_taken_out_at_once_even_inside_a_freeze():
    friday = micros(np.datetime64("2026-11-20T18:00").item())
    given = plan(TWO, freeze=[Freeze("Fri 16:00", "Mon 08:00")])
    found = play(given, [Evidence(arms={"b": ArmEvidence(tripped="crash")})], at=friday)
    assert (found[0].decision, found[0].state.standing) == ("advance", ("c",))


def test_a_required_guard_must_have_passed_for_a_win():
    guards = [metric_guard("revenue", 0.05)]
    found = play(plan(guards=guards, max_time="1h"), looks(0, {"champion": 0.1, "b": 0.5}))
    assert found[-1].decision == "inconclusive"
    assert any("revenue" in reason for reason in found[-1].reasons)


def past(rng, n, mean, known):
    habit = rng.normal(size=n)
    return [
        np.clip(m + 0.15 * (known**0.5 * habit + (1 - known) ** 0.5 * rng.normal(size=n)), 0, 1) for m in (mean, 0.5)
    ]


def covaried(seed, gain, known, n=100, count=400):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        ours, theirs = past(rng, n, 0.5 + gain, known), past(rng, n, 0.5, known)
        yield Evidence(arms={"b": arm(ours[0], past=ours[1]), "champion": arm(theirs[0], past=theirs[1])})


def test_the_past_takes_noise_out():
    needed = [
        sum(
            play(plan(cuped=cuped), covaried(seed, 0.01, known=0.8))[-1].state.experiment.trials["b"].better.n
            for seed in range(6)
        )
        for cuped in (False, True)
    ]
    assert needed[1] < 0.65 * needed[0]


def test_units_without_a_past_count_as_average_ones():
    def parts():
        rng = np.random.default_rng(0)
        for part in covaried(0, 0.03, known=0.9):
            yield Evidence(
                arms={
                    name: arm(
                        found.metrics["m"].values,
                        past=np.where(rng.random(100) < 0.5, np.nan, found.metrics["m"].covariates),
                    )
                    for name, found in part.arms.items()
                }
            )

    found = play(plan(cuped=True), parts())
    assert (found[-1].decision, found[-1].state.winner) == ("promote", "b")


def wins(count, strategy, make):
    ended = [play(strategy, make(seed))[-1] for seed in range(count)]
    return sum(j.decision == "promote" for j in ended) / count


@pytest.mark.slow
@pytest.mark.parametrize("cuped", [False, True])
def test_looking_all_the_time_finds_no_winner_where_there_is_none(cuped):
    given = plan(cuped=cuped, max_time="80m")
    assert (
        wins(300, given, lambda seed: covaried(seed, 0.0, known=0.6, n=50, count=90))
        <= 0.05 + 2 * (0.0475 / 300) ** 0.5
    )


@pytest.mark.slow
def test_three_variants_share_the_error_rate():
    names = {name: name * 64 for name in "bcd"}
    given = plan(names, max_time="40m")
    rates = dict.fromkeys(["champion", *names], 0.2)
    assert wins(150, given, lambda seed: looks(seed, rates, n=50, count=50)) <= 0.05 + 2 * (0.0475 / 150) ** 0.5
