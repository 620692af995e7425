"""The record of a day, and how it is known that it must be written anew."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from loopwright.monitoring.joined import Groups, LabelledRequests
from loopwright.monitoring.quality_day import QualityDay, fingerprints, quality_day
from loopwright.monitoring.rules.cost import cost

GOLDEN = Path(__file__).parent / "golden" / "quality_day-1.json"


def rows(n=40, *, known=1.0, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.random(n) < 0.5
    labelled = rng.random(n) < known
    return LabelledRequests(
        event_time=np.arange(n) * 1_000,
        score=np.clip(0.3 + 0.4 * label + 0.2 * rng.normal(size=n), 0, 1),
        labelled=labelled,
        label=label[labelled],
        groups={"shop": Groups(levels=("a", "b"), codes=np.where(np.arange(n) % 4, 0, 1).astype(np.int32))},
    )


def kept(found, **more):
    return quality_day(found, day=7, version="v", task="binary", classes=(False, True), metric="roc_auc", **more)


def test_a_day_holds_every_metric_the_slices_and_the_money():
    prices = cost(false_positive=5, false_negative=80)
    found = kept(rows(known=0.8), cost=prices)
    assert {"roc_auc", "log_loss", "brier", "f1", "calibration_error", prices.name} <= set(found.figures)
    assert found.labelled < found.requests == 40
    assert found.money == pytest.approx(found.figures[prices.name] * found.labelled)
    assert found.slices["shop"]["a"].requests == 30
    assert found.slices["shop"]["a"].labels + found.slices["shop"]["b"].labels == found.labelled


def test_a_day_without_labels_has_no_figure_and_no_money():
    found = kept(rows(known=0.0), cost=cost(false_positive=5))
    assert (found.figures, found.money, found.labelled) == ({}, None, 0)
    assert found.slices["shop"]["a"].value is None


def test_what_is_undefined_is_left_out():
    one = rows()
    one.label[:] = False
    assert "roc_auc" not in kept(one).figures
    assert "brier" in kept(one).figures


def test_version_one_stays_readable():
    found = msgspec.convert(json.loads(GOLDEN.read_text()), QualityDay)
    assert (found.day, found.figures["roc_auc"], found.slices["shop"]["b"].labels) == (7, 0.75, 3)
    assert found.estimate is not None
    assert found.estimate.low == 0.7
    assert json.loads(msgspec.json.encode(found)) == json.loads(GOLDEN.read_text())


def test_a_fingerprint_changes_with_a_label_that_comes_changes_or_swaps():
    first = rows()
    starts = np.asarray([0, 20])
    before = fingerprints(first, starts)
    assert fingerprints(rows(), starts) == before

    swapped = rows()
    one, other = int(np.flatnonzero(swapped.label[20:])[0]) + 20, int(np.flatnonzero(~swapped.label[20:])[0]) + 20
    swapped.label[[one, other]] = swapped.label[[other, one]]
    after = fingerprints(swapped, starts)
    assert after[0] == before[0]
    assert after[1] != before[1]

    fewer = rows()
    labelled = fewer.labelled.copy()
    labelled[3] = False
    fewer = LabelledRequests(
        event_time=fewer.event_time, score=fewer.score, labelled=labelled, label=np.delete(fewer.label, 3)
    )
    assert fingerprints(fewer, starts)[0] != before[0]
    assert fingerprints(fewer, starts)[1] == before[1]


def test_a_request_more_changes_the_fingerprint_even_without_a_label():
    assert fingerprints(rows(40, known=0.0), np.asarray([0])) != fingerprints(rows(41, known=0.0), np.asarray([0]))


def test_labels_that_are_text_have_a_fingerprint_too():
    def named(values):
        n = len(values)
        return LabelledRequests(
            event_time=np.arange(n), score=np.zeros(n), labelled=np.ones(n, dtype=bool), label=np.asarray(values)
        )

    start = np.asarray([0])
    assert fingerprints(named(["a", "b"]), start) != fingerprints(named(["b", "a"]), start)
