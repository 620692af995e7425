"""Judging by requests alone: fail only on proof, unknown where nothing vouches for the estimate."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.monitoring.calibrator import Calibrator
from loopwright.monitoring.estimate import Estimation
from loopwright.monitoring.estimated_performance import DayOfRequests, judge_estimate, own_error, realised
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.reference import DAY
from loopwright.monitoring.rules.estimated_performance import estimated_performance

HONEST = Calibrator(score=((0.0, 1.0),), chance=((0.0, 1.0),))
ABOUT = Estimation(rows=1_000, parts=20, calibrator=HONEST, wrong={"accuracy": 0.01}, drawn={"accuracy": 0.005})
RULE = estimated_performance("accuracy", loss_at_most=0.05, min_requests=500)


@pytest.fixture
def reference(world, refer):
    return refer(world.days(0, 3), quality={"accuracy": 0.8})


def asked(days, *, sure=0.8, rows=100, seed=0):
    """Honest answers that are right with a chance of about `sure`."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rows)
    chance = np.clip(np.broadcast_to(sure, days)[day] + 0.05 * rng.normal(size=day.size), 0.5, 1.0)
    score = np.where(rng.random(day.size) < 0.5, chance, 1 - chance)
    label = rng.random(day.size) < score
    known = np.ones(day.size, dtype=bool)
    return LabelledRequests(event_time=day * DAY + 5, score=score, labelled=known, label=label)


def days_of(rows, *, odd=0.0, about=ABOUT, rule=RULE):
    found = {}
    for day in np.unique(rows.event_time // DAY):
        score = rows.score[rows.event_time // DAY == day]
        unlike = np.arange(score.size) < odd * score.size
        found[str(day)] = DayOfRequests.of(rule, about, score, losses={}, odd=unlike, day=int(day))
    return found


def judge(reference, rows, *, odd=0.0, about=ABOUT, rule=RULE, since=0):
    today = int(rows.event_time[-1] // DAY) + 1
    days = days_of(rows, odd=odd, rule=rule)
    return judge_estimate(rule, reference, about, days=days, today=today, since=since, rows=rows)


def test_requests_as_easy_as_at_the_gate_pass(reference):
    verdict = judge(reference, asked(20))
    assert verdict.outcome is Outcome.PASS
    assert verdict.value == pytest.approx(0.8, abs=0.01)
    assert verdict.n == 1_400
    assert msgspec.json.encode(verdict)


def test_requests_that_became_hard_fail_without_a_single_label(reference):
    sure = np.where(np.arange(40) < 15, 0.8, 0.6) + 0.005 * np.random.default_rng(1).normal(size=40)
    rows = asked(40, sure=sure)
    verdict = judge(reference, rows)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.details["evidence"] > 1_000
    assert judge(reference, rows, since=38).outcome is not Outcome.FAIL


def test_requests_unlike_the_holdout_make_it_unknown_and_the_figure_is_shown(reference):
    verdict = judge(reference, asked(20), odd=0.3)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "30.0% of the requests are unlike" in verdict.reason
    assert verdict.value is not None


def test_too_few_requests_are_unknown(reference):
    assert judge(reference, asked(4)).outcome is Outcome.UNKNOWN


def test_a_model_without_an_estimation_is_unknown(reference):
    assert judge(reference, asked(20), about=None).outcome is Outcome.UNKNOWN
    assert judge_estimate(RULE, None, ABOUT, days={}, today=3).outcome is Outcome.UNKNOWN


def test_a_metric_that_cannot_be_estimated_is_an_error(reference):
    with pytest.raises(UsageError, match="calibration_error"):
        judge(reference, asked(20), rule=estimated_performance("calibration_error", loss_at_most=0.1))


def test_once_labels_come_the_estimate_is_held_against_them():
    rows = asked(10, rows=200)
    days = realised(RULE, days_of(rows), rows, classes=(False, True))
    found = own_error(days)
    assert found is not None
    assert found["days"] == 10
    assert abs(found["bias"]) < 0.03
    assert found["covered"] >= 0.8


def test_a_day_with_few_of_its_labels_is_not_held_against_it():
    rows = asked(3)
    labelled = rows.event_time // DAY > 0
    labelled[100:160] = False
    part = LabelledRequests(event_time=rows.event_time, score=rows.score, labelled=labelled, label=rows.label[labelled])
    days = realised(RULE, days_of(rows), part, classes=(False, True))
    assert [days[day].real is None for day in ("0", "1", "2")] == [True, True, False]
    assert [days[day].labelled for day in ("0", "1", "2")] == [0, 40, 100]
    assert own_error({"0": days["0"]}) is None


@pytest.mark.parametrize(
    "more",
    [{"loss_at_most": -1.0}, {"min_requests": 1}, {"outside_at_most": 1.5}, {"mean_time_between_false_alarms": 1}],
)
def test_a_rule_that_cannot_hold_is_refused(more):
    with pytest.raises(UsageError):
        estimated_performance("accuracy", **({"loss_at_most": 0.1} | more))
