"""Figures are looked up by name and task; a gain is positive where the first is better, whichever way is good."""

import numpy as np
import pytest

from loopwright.errors import UsageError
from loopwright.gates.figures import applicable_metric, known_metric, metric_gain, metric_interval, rows_differ
from loopwright.gates.gate import Evidence
from loopwright.stats.quality import METRICS

RNG = np.random.default_rng(3)
LABEL = RNG.random(500) < 0.4
GOOD = np.clip(0.4 + 0.3 * LABEL + RNG.normal(0, 0.15, 500), 0.01, 0.99)
BAD = RNG.random(500)
EVIDENCE = Evidence(task="binary", classes=(False, True), label=LABEL)


def test_unknown_metric_is_refused_with_the_known_ones() -> None:
    assert known_metric("roc_auc") == "roc_auc"
    with pytest.raises(UsageError) as caught:
        known_metric("auc")
    assert "roc_auc" in caught.value.fix


def test_metric_of_another_task_is_none() -> None:
    assert applicable_metric("rmse", EVIDENCE) is None
    assert applicable_metric("log_loss", EVIDENCE) is METRICS["log_loss"]


def test_rows_are_counted() -> None:
    assert rows_differ(GOOD, EVIDENCE) == ""
    assert rows_differ(GOOD[:3], EVIDENCE) == "3 scores for 500 labels"


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "brier", "accuracy"])
def test_gain_is_positive_where_the_first_is_better(metric: str) -> None:
    gain = metric_gain(METRICS[metric], (GOOD, BAD), evidence=EVIDENCE, level=0.95)
    assert 0 < gain.low < gain.value < gain.high
    loss = metric_gain(METRICS[metric], (BAD, GOOD), evidence=EVIDENCE, level=0.95)
    assert loss.value == pytest.approx(-gain.value)


@pytest.mark.parametrize("metric", ["roc_auc", "brier"])
def test_interval_holds_the_figure(metric: str) -> None:
    interval = metric_interval(METRICS[metric], GOOD, EVIDENCE)
    assert interval.low < METRICS[metric].function(LABEL, GOOD, (False, True)) < interval.high
