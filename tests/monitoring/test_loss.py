"""Blocks of days, settled days, and evidence over them."""

from dataclasses import replace

import numpy as np
import pytest

from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.loss import blocks_of, interval_of, loss_of, settled
from loopwright.monitoring.reference import DAY
from loopwright.stats.quality import METRICS


def served(days, rows, *, skill=1.0, seed=0):
    rng = np.random.default_rng(seed)
    n = days * rows
    label = rng.random(n) < 0.4
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + skill * label - 0.7)))
    return LabelledRequests(
        event_time=np.repeat(np.arange(days), rows) * DAY, score=score, labelled=np.ones(n, dtype=bool), label=label
    )


def loss(rows, metric="roc_auc", *, promised, worst=0.7, least=100):
    return loss_of(
        METRICS[metric], rows, promised=promised, allowed=worst, classes=(False, True), least=least, level=0.99
    )


def test_days_with_few_labels_are_taken_together():
    days = np.repeat(np.arange(10), 12)
    assert np.bincount(blocks_of(days)).tolist() == [36, 36, 48]
    assert blocks_of(np.repeat(np.arange(3), 50)).tolist() == np.repeat(np.arange(3), 50).tolist()
    assert blocks_of(np.zeros(1, dtype=np.int64)).tolist() == [0]
    assert blocks_of(np.empty(0, dtype=np.int64)).size == 0


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "f1", "balanced_accuracy", "brier", "accuracy"])
def test_every_metric_has_evidence_and_an_interval(metric):
    greater = METRICS[metric].greater_is_better
    rows = served(40, 60)
    good = METRICS[metric].function(rows.label, rows.score, (False, True))
    better = good + (0.25 if greater else -0.15)
    lost = loss(rows, metric, promised=better, worst=better)
    assert lost.span.known
    assert lost.beyond
    assert lost.evidence.now > np.log(1_000)
    kept = loss(rows, metric, promised=good, worst=good - (0.1 if greater else -0.1))
    assert not kept.beyond
    assert kept.evidence.now < np.log(1_000)


def test_an_interval_stays_within_the_metrics_bounds():
    rows = served(3, 40, skill=9.0)
    span = interval_of(METRICS["accuracy"], rows, (False, True), level=0.99)
    assert span.high <= 1.0


def test_a_single_day_is_never_surely_beyond():
    rows = served(1, 500, skill=0.0)
    found = loss(rows, promised=0.9, worst=0.85)
    assert found.blocks == 1
    assert found.span.known
    assert not found.beyond


def test_days_without_their_labels_are_not_settled():
    rows = served(30, 50)
    labelled = rows.event_time // DAY < 27
    part = LabelledRequests(event_time=rows.event_time, score=rows.score, labelled=labelled, label=rows.label[labelled])
    assert int(settled(part, today=30).event_time[-1] // DAY) == 26
    assert int(settled(rows, today=30).event_time[-1] // DAY) == 29
    assert settled(rows.until(0), today=30).event_time.size == 0


def test_a_day_that_stays_without_labels_is_no_reason_to_wait_for_ever():
    rows = served(80, 10)
    labelled = (rows.event_time // DAY < 20) | (rows.event_time // DAY >= 60)
    part = LabelledRequests(event_time=rows.event_time, score=rows.score, labelled=labelled, label=rows.label[labelled])
    assert settled(part, today=80).event_time.size == rows.event_time.size


class Plain:
    """Remembers nothing."""

    def of(self, _, work):
        return work()


@pytest.mark.parametrize("metric", ["roc_auc", "brier", "f1"])
def test_what_is_remembered_of_days_is_what_the_rows_say(metric, monkeypatch):
    rows = served(60, 50, skill=0.6, seed=4)
    corrected = rows.label.copy()
    corrected[1_000:1_030] = ~corrected[1_000:1_030]
    other = LabelledRequests(event_time=rows.event_time, score=rows.score, labelled=rows.labelled, label=corrected)
    rescored = LabelledRequests(
        event_time=rows.event_time, score=rows.score**2, labelled=rows.labelled, label=rows.label
    )
    looks = [rows.until(day * DAY) for day in range(20, 61, 8)] + [other, rescored, rows, rows.since(10 * DAY)]
    remembered = [loss(look, metric, promised=0.8) for look in looks]
    monkeypatch.setattr("loopwright.monitoring.loss._SAID", Plain())
    for look, found in zip(looks, remembered, strict=True):
        plain = loss(look, metric, promised=0.8)
        assert found.evidence.log_evidence.tolist() == plain.evidence.log_evidence.tolist()
        assert (found.span, found.beyond, found.begins) == (plain.span, plain.beyond, plain.begins)


def test_a_look_works_out_the_new_day_only(monkeypatch):
    asked = []
    auc = METRICS["roc_auc"]

    def counted(label, score, classes):
        asked.append(label.shape[0])
        return auc.function(label, score, classes)

    metric = replace(auc, name="counted", function=counted)
    rows = served(60, 50, skill=0.6, seed=4)

    def look(until):
        asked.clear()
        loss_of(
            metric, rows.until(until * DAY), promised=0.8, allowed=0.7, classes=(False, True), least=100, level=0.99
        )
        return len(asked)

    interval = 15 + 15  # the whole and without each block, at two levels
    assert look(59) == 2 * 57 + 2 * interval // 2
    assert look(60) == 2 + 2 * interval // 2
