import math

import msgspec
import numpy as np
import pytest

from loopwright.release.evidence import ArmEvidence, Evidence, MetricValues
from loopwright.release.experiment import ExperimentState, begin_trial, gain, measured, unit_rows, without
from loopwright.release.strategy import ABTest

TEST = ABTest(metric="m", low=0.0, high=10.0, guards=[])
EVEN = {"champion": 0.5, "b": 0.5}


def begun(shares=EVEN, covariates=False):
    trials = {name: begin_trial(0.0, covariates=covariates) for name in shares if name != "champion"}
    return ExperimentState(shares=dict(shares), trials=trials)


def seen(state, covariates=False, strategy=TEST, **arms):
    found = {}
    for name, (values, past) in arms.items():
        metric = MetricValues(values=np.asarray(values, float), covariates=np.asarray(past, float))
        found[name] = ArmEvidence(units=len(values), metrics={"m": metric})
    return measured(state, strategy, Evidence(arms=found), covariates=covariates)


def test_values_are_put_on_the_metrics_range_and_greater_is_always_better():
    found = MetricValues(values=np.array([5.0, 99.0, -1.0, np.nan]))
    assert unit_rows(found, TEST)[:, 0].tolist() == [0.5, 1.0, 0.0]
    lower = msgspec.structs.replace(TEST, direction="lower_is_better")
    assert unit_rows(found, lower)[:, 0].tolist() == [0.5, 0.0, 1.0]
    assert unit_rows(None, TEST).shape == (0, 2)


def test_gains_are_differences_of_means_on_that_range():
    state = seen(begun(), champion=([2.0, 4.0], []), b=([8.0], []))
    assert gain(state, "b") == pytest.approx(0.5)
    assert math.isnan(gain(begun(), "b"))


def test_a_champions_units_count_for_every_variant():
    state = seen(
        begun({"champion": 0.4, "b": 0.3, "c": 0.3}), champion=([2.0] * 4, []), b=([3.0] * 4, []), c=([1.0] * 4, [])
    )
    assert {name: (trial.better.n, trial.better.mean) for name, trial in state.trials.items()} == {
        "b": (4, pytest.approx(0.1)),
        "c": (4, pytest.approx(-0.1)),
    }


def test_units_that_come_in_one_by_one_are_compared_too():
    state = begun()
    for _ in range(5):
        state = seen(state, b=([6.0], []))
        state = seen(state, champion=([5.0], []))
    assert (state.trials["b"].better.n, state.trials["b"].better.mean) == (5, pytest.approx(0.1))


def test_a_covariate_weighs_by_what_earlier_looks_showed():
    rng = np.random.default_rng(0)
    past = rng.random(400) * 10
    state = seen(begun(covariates=True), covariates=True, champion=(past[:200], past[:200]), b=(past[200:], past[200:]))
    raw = state.trials["b"].better.mean
    assert raw == pytest.approx((past[200:].mean() - past[:200].mean()) / 10), "nothing was known before the first look"
    more = seen(state, covariates=True, champion=([1.0, 9.0], [1.0, 9.0]), b=([9.0, 9.0], [9.0, 9.0]))
    added = more.trials["b"].better.total - state.trials["b"].better.total
    assert added == pytest.approx(0.0, abs=1e-9), "the past explains all of it"


def test_units_are_dealt_as_the_shares_say_or_evidence_grows():
    state = begun({"champion": 0.8, "b": 0.2})
    fair = measured(
        state, TEST, Evidence(arms={"champion": ArmEvidence(units=800), "b": ArmEvidence(units=200)}), covariates=False
    )
    assert fair.sample_ratio < 1.0
    lossy = measured(
        state, TEST, Evidence(arms={"champion": ArmEvidence(units=800), "b": ArmEvidence(units=100)}), covariates=False
    )
    assert lossy.sample_ratio > math.log(1_000)


def test_evidence_of_a_broken_proportion_stands():
    state = msgspec.structs.replace(begun(), sample_ratio=9.0)
    even = Evidence(arms={name: ArmEvidence(units=500) for name in EVEN})
    assert measured(state, TEST, even, covariates=False).sample_ratio == 9.0


def test_an_arm_that_is_taken_out_gives_its_share_to_the_champion():
    state = without(seen(begun({"champion": 0.4, "b": 0.3, "c": 0.3}), b=([1.0], [])), "b")
    assert state.shares == {"champion": pytest.approx(0.7), "b": 0.0, "c": 0.3}
    assert (set(state.trials), state.units) == ({"c"}, {})
    later = seen(state, champion=([1.0] * 70, []), c=([1.0] * 30, []))
    assert later.sample_ratio < 1.0


def test_a_state_survives_as_json():
    state = seen(begun(), b=([6.0], [3.0]))
    assert msgspec.json.decode(msgspec.json.encode(state), type=ExperimentState) == state
