import numpy as np
import pytest
from tests.release.playing import plan as plan_of
from tests.release.playing import totals

from loopwright.release.evidence import ArmEvidence, Evidence, MetricValues
from loopwright.release.freeze import Freeze
from loopwright.release.policy import decide, start
from loopwright.release.rules import error_guard
from loopwright.release.strategy import Bandit

MINUTE = 60_000_000
NAMES = {"b": "b" * 64, "c": "c" * 64}


def plan(**declared):
    return plan_of(Bandit(**{"metric": "m", "guards": [], "every": "1m", **declared}), candidate=NAMES)


def play(given, rates, seed=0, looks=300, units=300, evidence=None):
    rng, state, found = np.random.default_rng(seed), start(given, 0), []
    for i in range(1, looks + 1):
        part = evidence or Evidence(
            arms={
                name: ArmEvidence(metrics={"m": MetricValues(values=rng.random(int(units * share)) < rates[name])})
                for name, share in state.experiment.shares.items()
            }
        )
        found.append(decide(given, state, part, now=i * MINUTE))
        state = found[-1].state
        if state.status != "running":
            break
    return found


def shares(judged):
    return {arm.name: arm.share for arm in judged.arms}


def test_shares_are_even_until_every_arm_has_earned_enough():
    found = play(plan(burn_in=400), {"champion": 0.1, "b": 0.1, "c": 0.5}, looks=4)
    assert [j.decision for j in found[:3]] == ["hold"] * 3
    assert shares(found[2]) == dict.fromkeys(["champion", *NAMES], pytest.approx(1 / 3))
    assert found[0].reasons[0].startswith("too few values yet of champion, b, c")


def test_traffic_goes_to_the_best_arm_and_no_arm_is_left_without():
    found = play(
        plan(burn_in=50, min_share=4, win_probability=0.9999), {"champion": 0.2, "b": 0.2, "c": 0.26}, looks=25
    )
    after = shares(found[-1])
    assert found[-1].state.step > 3
    assert after["c"] > 0.6
    assert min(after.values()) >= 0.04 - 1e-9
    assert sum(after.values()) == pytest.approx(1.0)


def test_the_best_arm_is_promoted():
    found = play(plan(), {"champion": 0.1, "b": 0.1, "c": 0.3})
    assert (found[-1].decision, found[-1].state.winner) == ("promote", "c")
    assert "best on m with probability" in found[-1].reasons[0]


def test_a_champion_that_is_the_best_stays():
    found = play(plan(), {"champion": 0.4, "b": 0.1, "c": 0.1})
    assert (found[-1].decision, found[-1].state.status, found[-1].share) == ("rollback", "rolled_back", 0.0)


def test_without_a_best_arm_the_time_ends_it():
    found = play(plan(max_time="1h"), dict.fromkeys(["champion", *NAMES], 0.3))
    assert (len(found), found[-1].decision) == (60, "inconclusive")


def test_shares_stand_for_a_while():
    found = play(
        plan(every="5m", burn_in=10, win_probability=0.9999), dict.fromkeys(["champion", *NAMES], 0.3), looks=16
    )
    assert [i for i, j in enumerate(found, 1) if j.decision == "advance"] == [5, 10, 15]


def test_shares_do_not_change_inside_a_freeze():
    given = plan(freeze=[Freeze("1970-01-01 00:00", "1970-01-01 00:30")], burn_in=10, win_probability=0.9999)
    found = play(given, {"champion": 0.2, "b": 0.2, "c": 0.26}, looks=32)
    assert {j.decision for j in found[:29]} == {"hold"}
    assert "advance" in {j.decision for j in found[29:]}


def test_a_guard_takes_an_arm_out_and_the_others_go_on():
    bad, fine = ArmEvidence(totals=totals(500, 300)), ArmEvidence(totals=totals(500))
    part = Evidence(arms={"champion": fine, "b": bad, "c": fine})
    found = play(plan(guards=[error_guard()]), {}, looks=1, evidence=part)
    assert (found[0].decision, found[0].state.standing) == ("advance", ("c",))
    assert shares(found[0]) == {"champion": pytest.approx(2 / 3), "c": pytest.approx(1 / 3)}


def test_an_arm_that_was_taken_out_gets_nothing_from_later_batches():
    given = plan(guards=[error_guard(required="never")], burn_in=10, win_probability=0.9999)
    bad, fine = ArmEvidence(totals=totals(500, 300)), ArmEvidence(totals=totals(500))
    state = play(given, {}, looks=1, evidence=Evidence(arms={"champion": fine, "b": bad, "c": fine}))[0].state
    earned = {n: ArmEvidence(metrics={"m": MetricValues(values=np.arange(90) % 3 == 0)}) for n in ("champion", "c")}
    judged = decide(given, state, Evidence(arms=earned), now=9 * MINUTE)
    assert judged.decision == "advance"
    assert set(shares(judged)) == {"champion", "c"}
    assert sum(shares(judged).values()) == pytest.approx(1.0)
    assert judged.state.experiment.shares["b"] == 0.0


def test_a_required_guard_holds_the_end():
    found = play(plan(guards=[error_guard()], max_time="1h"), {"champion": 0.1, "b": 0.1, "c": 0.4})
    assert found[-1].decision == "inconclusive"
    assert any("errors" in reason for reason in found[-1].reasons)


@pytest.mark.slow
def test_it_loses_less_than_an_even_split():
    rates = {"champion": 0.1, "b": 0.08, "c": 0.14}

    def lost(given, seed):
        found = play(given, rates, seed=seed, looks=60)
        dealt = [shares(j) for j in found]
        return np.mean([sum(share * (0.14 - rates.get(name, 0.14)) for name, share in s.items()) for s in dealt])

    even = np.mean([lost(plan(burn_in=10**9), seed) for seed in range(10)])
    assert np.mean([lost(plan(win_probability=0.99999), seed) for seed in range(20)]) < 0.5 * even
