"""Performance by value of a column."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.joined import Groups, LabelledRequests
from loopwright.monitoring.reference import DAY
from loopwright.monitoring.rules.performance import performance
from loopwright.monitoring.slices import judge_slices, slice_name

RULE = performance("roc_auc", loss_at_most=0.05, min_labels=500, by="carrier")


@pytest.fixture
def reference(world, refer):
    figures = {"roc_auc": 0.76} | {slice_name("roc_auc", "carrier", name): 0.74 for name in ("AA", "B6", "UA")}
    return refer(world.days(0, 3), quality=figures)


def served(skills, *, days=25, rows=60, rare=0, seed=0):
    """Carriers whose scores separate the classes by their own skill, and `rare` requests of another."""
    rng = np.random.default_rng(seed)
    names = tuple(skills)
    code = np.tile(np.repeat(np.arange(len(names)), rows), days)
    time = np.repeat(np.arange(days), rows * len(names)) * DAY + 5
    code[:rare] = len(names)
    skill = np.asarray([*skills.values(), 1.0])[code]
    label = rng.random(code.size) < 0.4
    score = 1 / (1 + np.exp(-(rng.normal(size=code.size) + skill * label - 0.7)))
    groups = {"carrier": Groups(levels=(*names, "9E"), codes=code.astype(np.int32))}
    known = np.ones(code.size, dtype=bool)
    return LabelledRequests(event_time=time, score=score, labelled=known, label=label, groups=groups)


def judge(reference, rows, rule=RULE):
    return judge_slices(rule, reference, rows, today=25)


def test_the_value_that_lost_is_named_and_the_others_are_not(reference):
    (verdict,) = judge(reference, served({"AA": 1.0, "B6": 0.0, "UA": 1.0}))
    assert verdict.outcome is Outcome.FAIL
    assert "B6" in verdict.reason
    assert "AA" not in verdict.reason
    assert next(iter(verdict.details["slices"])) == "B6"
    assert verdict.details["slices"]["AA"]["outcome"] == "pass"
    assert verdict.details["slices"]["B6"]["share"] == pytest.approx(1 / 3)
    assert msgspec.json.encode(verdict)


def test_where_none_lost_all_pass(reference):
    (verdict,) = judge(reference, served({"AA": 1.0, "B6": 1.0, "UA": 1.0}))
    assert verdict.outcome is Outcome.PASS


def test_several_values_need_so_much_more_evidence(reference):
    (verdict,) = judge(reference, served({"AA": 1.0, "B6": 1.0, "UA": 1.0}))
    assert verdict.details["slices"]["AA"]["evidence_needed"] == 3_000


def test_small_values_are_listed_with_their_share_and_never_judged(reference):
    (verdict,) = judge(reference, served({"AA": 1.0, "B6": 1.0, "UA": 1.0}, rare=45))
    assert verdict.details["too_small"] == {"9E": pytest.approx(0.01)}
    assert "1 values with 1.0% of the requests are not judged" in verdict.reason


def test_a_value_without_a_figure_of_the_gate_is_not_judged(refer, world):
    bare = refer(world.days(0, 3), quality={"roc_auc": 0.76})
    (verdict,) = judge(bare, served({"AA": 1.0, "B6": 0.0}))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.details["share_too_small"] == pytest.approx(1.0)


def test_one_class_only_is_unknown(reference):
    rows = served({"AA": 1.0, "B6": 1.0, "UA": 1.0})
    rows.label[rows.groups["carrier"].codes == 0] = False
    (verdict,) = judge(reference, rows)
    assert verdict.details["slices"]["AA"]["outcome"] == "unknown"
    assert verdict.outcome is Outcome.UNKNOWN


def test_a_column_that_no_request_has_is_unknown(reference):
    rule = performance("roc_auc", loss_at_most=0.05, by=("carrier", "origin"))
    verdicts = judge(reference, served({"AA": 1.0}), rule)
    assert [verdict.outcome for verdict in verdicts][1] is Outcome.UNKNOWN
    assert len({verdict.check for verdict in verdicts}) == 2


def test_no_request_at_all_is_unknown(reference):
    (verdict,) = judge(reference, served({"AA": 1.0}).until(0))
    assert verdict.outcome is Outcome.UNKNOWN
