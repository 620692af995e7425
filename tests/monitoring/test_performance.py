"""Performance by labels: unknown without evidence, fail only on proof, honest about days."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.performance import judge_performance
from loopwright.monitoring.reference import DAY
from loopwright.monitoring.rules.cost import cost
from loopwright.monitoring.rules.performance import performance


@pytest.fixture
def reference(world, refer):
    return refer(world.days(0, 3), quality={"roc_auc": 0.76, "brier": 0.2})


def served(days=20, rows=100, *, skill=1.0, known=1.0, seed=0):
    """Requests whose score separates the classes by `skill` deviations: an AUC of 0.76 at 1, of 0.5 at 0."""
    rng = np.random.default_rng(seed)
    n = days * rows
    label = rng.random(n) < 0.4
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + skill * label - 0.7)))
    labelled = rng.random(n) < known
    return LabelledRequests(
        event_time=np.repeat(np.arange(days), rows) * DAY + 5, score=score, labelled=labelled, label=label[labelled]
    )


def judge(reference, rows, *, metric="roc_auc", loss=0.05, labels=500):
    rule = performance(metric, loss_at_most=loss, min_labels=labels)
    return judge_performance(rule, reference, rows, today=int(rows.event_time[-1] // DAY) + 1)


def test_as_good_as_promised_passes_with_interval_and_coverage(reference):
    verdict = judge(reference, served(known=0.5))
    assert verdict.outcome is Outcome.PASS
    assert verdict.interval[0] < verdict.value < verdict.interval[1]
    assert verdict.threshold == pytest.approx(0.71)
    assert verdict.details["coverage"] == pytest.approx(0.5, abs=0.05)
    assert verdict.details["reference"] == 0.76
    assert msgspec.json.encode(verdict)


def test_a_lost_skill_fails_and_a_doubtful_one_warns(reference):
    assert judge(reference, served(skill=0.0)).outcome is Outcome.FAIL
    doubtful = judge(reference, served(skill=0.55, rows=40))
    assert doubtful.value < doubtful.threshold < doubtful.interval[1]
    assert doubtful.outcome is Outcome.WARN


def test_too_few_labels_are_unknown_however_bad_they_look(reference):
    verdict = judge(reference, served(skill=0.0), labels=5_000)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "2000 labels of the 5000 needed" in verdict.reason
    assert verdict.details["coverage"] == 1.0


def test_a_metric_without_reference_figure_or_definition_is_unknown(reference):
    assert judge(reference, served(), metric="accuracy").outcome is Outcome.UNKNOWN
    one_class = served()
    one_class = LabelledRequests(
        event_time=one_class.event_time,
        score=one_class.score,
        labelled=one_class.labelled,
        label=np.zeros_like(one_class.label),
    )
    assert judge(reference, one_class).outcome is Outcome.UNKNOWN


def test_lower_is_better_is_understood(reference):
    assert judge(reference, served(), metric="brier", loss=0.02).outcome is Outcome.PASS
    worse = judge(reference, served(skill=-1.5), metric="brier", loss=0.02)
    assert worse.threshold == pytest.approx(0.22)
    assert worse.outcome is Outcome.FAIL


def test_only_the_newest_days_are_judged(reference):
    good, bad = served(days=30), served(days=20, skill=0.0)
    rows = LabelledRequests(
        event_time=np.concatenate((good.event_time, bad.event_time + 30 * DAY)),
        score=np.concatenate((good.score, bad.score)),
        labelled=np.concatenate((good.labelled, bad.labelled)),
        label=np.concatenate((good.label, bad.label)),
    )
    verdict = judge(reference, rows)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.details["days"] == 14
    assert judge(reference, rows, labels=2_500).details["days"] == 25


def test_two_days_prove_less_than_twenty_and_one_day_never_fails(reference):
    twenty = judge(reference, served(days=20, skill=0.4))
    two = judge(reference, served(days=2, rows=1000, skill=0.4))
    assert twenty.outcome is Outcome.FAIL
    assert two.outcome is Outcome.WARN
    one = judge(reference, served(days=1, rows=2000, skill=0.0))
    assert one.outcome is Outcome.WARN
    assert one.details["interval_over"] == "rows"


@pytest.mark.parametrize("metric", ["rmse", "nonsense"])
def test_a_metric_that_the_task_lacks_is_an_error(reference, metric):
    with pytest.raises(UsageError, match=metric):
        judge(reference, served(), metric=metric)


@pytest.mark.parametrize("seed", range(3))
def test_without_loss_days_of_ups_and_downs_do_not_fail(reference, seed):
    rng = np.random.default_rng(seed)
    parts = [served(days=1, rows=80, skill=max(0.0, rng.normal(1, 0.6)), seed=100 * seed + d) for d in range(10)]
    rows = LabelledRequests(
        event_time=np.concatenate([part.event_time + d * DAY for d, part in enumerate(parts)]),
        score=np.concatenate([part.score for part in parts]),
        labelled=np.concatenate([part.labelled for part in parts]),
        label=np.concatenate([part.label for part in parts]),
    )
    assert judge(reference, rows).outcome is not Outcome.FAIL


def test_labels_that_never_come_are_unknown_and_said(reference):
    verdict = judge(reference, served(known=0.0))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "none of 2000 requests has a label" in verdict.reason
    assert verdict.details == {"coverage": 0.0, "requests": 2000}


def test_no_request_at_all_is_unknown(reference):
    verdict = judge_performance(performance("roc_auc", loss_at_most=0.1), reference, served().until(0), today=30)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.n == 0


def test_the_day_of_the_look_is_not_judged(reference):
    rows = served(days=20)
    rule = performance("roc_auc", loss_at_most=0.05, min_labels=500)
    assert judge_performance(rule, reference, rows, today=19).details["until"] // DAY == 18


def test_a_score_that_is_no_number_is_left_out_and_counted(reference):
    rows = served()
    rows.score[::50] = np.nan
    verdict = judge(reference, rows)
    assert verdict.outcome is Outcome.PASS
    assert verdict.details["not_numbers"] == 40
    rows.score[:] = np.nan
    assert judge(reference, rows).outcome is Outcome.UNKNOWN


def test_days_whose_labels_are_not_there_yet_prove_nothing(reference):
    """The first labels of a day are those of the requests that went wrong."""
    rows = served(days=20)
    young = rows.event_time >= 18 * DAY
    wrong = np.zeros(rows.event_time.size, dtype=bool)
    wrong[rows.labelled] = (rows.score > 0.5) != rows.label
    labelled = ~young | (wrong & (np.arange(wrong.size) % 2 == 0))
    early = LabelledRequests(
        event_time=rows.event_time, score=rows.score, labelled=labelled, label=rows.label[labelled[rows.labelled]]
    )
    verdict = judge(reference, early)
    assert verdict.details["until"] // DAY == 17
    assert verdict.value == pytest.approx(judge(reference, rows.until(18 * DAY)).value)


def test_evidence_says_since_when(reference):
    good, bad = served(days=30), served(days=20, skill=0.2)
    rows = LabelledRequests(
        event_time=np.concatenate((good.event_time, bad.event_time + 30 * DAY)),
        score=np.concatenate((good.score, bad.score)),
        labelled=np.concatenate((good.labelled, bad.labelled)),
        label=np.concatenate((good.label, bad.label)),
    )
    details = judge(reference, rows).details
    assert details["evidence"] > details["evidence_needed"] == 1_000
    assert abs(details["changed"] // DAY - 30) <= 4


def test_a_loss_that_nothing_proves_yet_only_warns(reference):
    """Six bad days after six good ones: the newest figure is beyond, its interval is not, the evidence is thin."""
    good, bad = served(days=6), served(days=6, skill=0.0, seed=3)
    rows = LabelledRequests(
        event_time=np.concatenate((good.event_time, bad.event_time + 6 * DAY)),
        score=np.concatenate((good.score, bad.score)),
        labelled=np.concatenate((good.labelled, bad.labelled)),
        label=np.concatenate((good.label, bad.label)),
    )
    assert judge(reference, rows, loss=0.08).outcome is Outcome.WARN


def test_labelled_requests_that_are_unlike_the_others_are_named(reference):
    rows = served(known=0.6)
    assert judge(reference, rows).details["labelled_unlike_others"]["unlike"] is False
    high = rows.score > np.median(rows.score)
    chosen = high | (np.arange(high.size) % 4 == 0)
    picked = served()
    picked = LabelledRequests(
        event_time=picked.event_time, score=picked.score, labelled=chosen, label=picked.label[chosen]
    )
    bias = judge(reference, picked).details["labelled_unlike_others"]
    assert bias["unlike"] is True
    assert bias["chance"] > 0.6


def test_calibration_says_error_slope_and_bins(reference):
    found = judge(reference, served()).details["calibration"]
    assert found["low"] <= found["error"] <= found["high"]
    assert len(found["bins"]) == 10
    sharp = served()
    odds = np.log(sharp.score / (1 - sharp.score))
    twice = LabelledRequests(
        event_time=sharp.event_time, score=1 / (1 + np.exp(-2 * odds)), labelled=sharp.labelled, label=sharp.label
    )
    assert judge(reference, twice).details["calibration"]["slope"] == pytest.approx(found["slope"] / 2, rel=0.01)


def test_errors_cost_money_beside_what_the_gate_saw(refer, world):
    prices = cost(false_positive=5, false_negative=80, currency="EUR")
    reference = refer(world.days(0, 3), quality={prices.name: 20.0})
    rows = served(known=0.5)
    rule = performance(prices, loss_at_most=30.0, min_labels=500)
    verdict = judge_performance(rule, reference, rows, today=20)
    said = (rows.score > 0.5)[rows.labelled]
    expected = 5 * np.mean(said & ~rows.label) + 80 * np.mean(~said & rows.label)
    money = verdict.details["cost"]
    assert verdict.outcome is Outcome.PASS
    assert money["currency"] == "EUR"
    assert rule.name == "performance(cost(5, 80 EUR), 30)"
    assert verdict.details["days"] >= 14
    assert money["more_per_day_than_at_the_gate"] == pytest.approx((money["per_request"] - 20.0) * 100)
    assert money["per_request"] == pytest.approx(expected, rel=0.2)
    dearer = performance(prices, loss_at_most=0.5, min_labels=500)
    assert judge_performance(dearer, reference, served(skill=-1.0), today=20).outcome is Outcome.FAIL


def test_calibration_is_told_where_it_is_asked_for_and_decides_nothing(reference):
    rule, rows = performance("roc_auc", loss_at_most=0.1), served()
    told = judge_performance(rule, reference, rows, today=30)
    short = judge_performance(rule, reference, rows, today=30, calibrated=False)
    assert "slope" in told.details["calibration"]
    assert "calibration" not in short.details
    rest = {name: value for name, value in told.details.items() if name != "calibration"}
    assert short == msgspec.structs.replace(told, details=rest)
