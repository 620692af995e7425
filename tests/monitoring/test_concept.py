"""A change of the mean loss, judged."""

import msgspec
import numpy as np
import pytest

from loopwright.core.schema import Signature
from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.monitoring.concept import judge_concept
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.rules.concept_drift import METHODS, concept_drift

BINARY = Signature(task="binary", request=(), features=(), classes=(False, True))
THREE = Signature(task="multiclass", request=(), features=(), classes=("a", "b", "c"))
NUMBER = Signature(task="regression", request=(), features=())
pytest.importorskip("river", reason="river is not installed")


def requests(score, label, labelled=None):
    labelled = np.ones(len(score), dtype=bool) if labelled is None else labelled
    return LabelledRequests(
        event_time=np.arange(len(score), dtype=np.int64) * 1_000, score=score, labelled=labelled, label=label
    )


def binary(n=2_000, *, turned=0, seed=0):
    """The last `turned` labels are the opposite of what was said."""
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    label = rng.random(n) < score
    label[n - turned :] ^= turned > 0
    return requests(score, label)


@pytest.mark.parametrize("method", METHODS)
def test_labels_that_say_the_opposite_are_a_rise_of_the_loss(method):
    rule = concept_drift(method=method)
    assert judge_concept(rule, BINARY, binary()).outcome is Outcome.PASS
    found = judge_concept(rule, BINARY, binary(4_000, turned=1_000))
    assert found.outcome is Outcome.WARN
    assert "rose from" in found.reason
    assert msgspec.json.encode(found)
    assert any(3_000_000 <= change["event_time"] < 4_000_000 for change in found.details["changes"])
    opening = concept_drift(method=method, opens_incident=True)
    assert judge_concept(opening, BINARY, binary(4_000, turned=1_000)).outcome is Outcome.FAIL


def test_corrected_labels_take_the_change_back():
    rows = binary(4_000, turned=1_000)
    label = rows.label.copy()
    label[3_000:] ^= True
    assert judge_concept(concept_drift(), BINARY, requests(rows.score, label)).details["changes"] == []


def test_a_change_of_long_ago_and_one_for_the_better_are_no_news():
    rows = binary(4_000, turned=1_000)
    old = judge_concept(concept_drift(recent=10), BINARY, rows)
    assert old.outcome is Outcome.PASS
    assert "no recent rise" in old.reason
    better = requests(rows.score[::-1], rows.label[::-1])
    assert judge_concept(concept_drift(), BINARY, better).outcome is Outcome.PASS
    assert judge_concept(concept_drift(), BINARY, better).details["changes"]


def test_several_classes_and_numbers_have_a_loss_too():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 3_000)
    score = np.full((3_000, 3), 0.1)
    score[np.arange(3_000), np.where(np.arange(3_000) < 2_000, label, (label + 1) % 3)] = 0.8
    names = np.asarray(["a", "b", "c"])[label]
    for method in METHODS:
        assert judge_concept(concept_drift(method=method), THREE, requests(score, names)).outcome is Outcome.WARN
    errors = rng.normal(size=3_000) * np.where(np.arange(3_000) < 2_000, 1.0, 4.0)
    assert judge_concept(concept_drift(), NUMBER, requests(errors, np.zeros(3_000))).outcome is Outcome.WARN
    with pytest.raises(UsageError):
        judge_concept(concept_drift(method="ddm"), NUMBER, requests(errors, np.zeros(3_000)))


def test_a_label_that_is_no_class_counts_as_an_error():
    score = np.full((600, 3), 1 / 3)
    found = judge_concept(concept_drift(), THREE, requests(score, np.asarray(["z"] * 600)))
    assert found.value == 1.0


def test_too_few_labels_and_answers_that_are_none_are_unknown():
    few = judge_concept(concept_drift(min_labels=50), BINARY, binary(49))
    assert few.outcome is Outcome.UNKNOWN
    assert "49 labels of the 50" in few.reason
    none = requests(np.full(600, np.nan), np.zeros(600, dtype=bool))
    assert judge_concept(concept_drift(), BINARY, none).outcome is Outcome.UNKNOWN
    unlabelled = requests(np.zeros(600), np.zeros(0, dtype=bool), np.zeros(600, dtype=bool))
    assert judge_concept(concept_drift(), BINARY, unlabelled).outcome is Outcome.UNKNOWN
