"""Slices, fairness and behaviour: judged group by group, small groups listed, what cannot be asked is unknown."""

from typing import Any

import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.gates.behaviour import invariant_to, monotonic
from loopwright.gates.fairness import fair
from loopwright.gates.gate import Evidence, Predictions
from loopwright.gates.groups import groups_of
from loopwright.gates.slices import every_slice

LABEL = np.array([True, False] * 200)
CARRIER = np.array(["AA"] * 200 + ["UA"] * 190 + [None] * 10, dtype=object)
SCORES = np.where(LABEL, 0.8, 0.2)


def evidence(**more: Any) -> Evidence:
    fields: dict[str, Any] = {
        "task": "binary",
        "classes": (False, True),
        "label": LABEL,
        "slices": {"carrier": CARRIER},
    }
    return Evidence(**fields | more)


def judged(check: Any, scores: np.ndarray = SCORES, **more: Any) -> Any:
    return check(Predictions(scores=scores), None, evidence(**more))


def test_groups_hold_each_row_once_and_nulls_together() -> None:
    values = np.array([2.5, None, float("nan"), "b", 2.5, "a"], dtype=object)
    assert {level: rows.tolist() for level, rows in groups_of(values)} == {
        "2.5": [0, 4],
        "a": [5],
        "b": [3],
        "null": [1, 2],
    }
    assert list(groups_of(np.array([]))) == []


@pytest.mark.parametrize("values", [np.array([True, False, True]), np.array([1, 2, 1]), np.array(["x", "y", "x"])])
def test_groups_take_any_kind_of_column(values: np.ndarray) -> None:
    assert sorted(rows.tolist() for _, rows in groups_of(values)) == [[0, 2], [1]]


def test_every_slice_passes_and_lists_what_was_too_small() -> None:
    verdict = judged(every_slice("roc_auc", by="carrier", at_least=0.7, min_rows=100))
    assert verdict.outcome is Outcome.PASS
    assert verdict.n == 390
    assert verdict.details["slices"] == {"AA": {"value": 1.0, "rows": 200}, "UA": {"value": 1.0, "rows": 190}}
    assert verdict.details["too_small"] == {"null": {"rows": 10, "share": 0.025}}
    assert "2.5%" in verdict.reason


def test_one_bad_slice_fails_whatever_the_average() -> None:
    scores = SCORES.copy()
    scores[200:390] = 1 - scores[200:390]
    verdict = judged(every_slice("roc_auc", by="carrier", at_least=0.4, min_rows=100), scores)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.value == 0.0
    assert "UA" in verdict.reason


def test_bound_is_a_greatest_where_small_is_good() -> None:
    check = every_slice("log_loss", by="carrier", at_most=0.3, min_rows=100)
    assert judged(check).outcome is Outcome.PASS
    assert judged(check, np.where(CARRIER == "UA", 0.5, SCORES)).outcome is Outcome.FAIL


def test_undefined_slice_is_unknown_and_a_bad_one_beside_it_fails() -> None:
    label = LABEL.copy()
    label[200:390] = True
    check = every_slice("roc_auc", by="carrier", at_least=0.7, min_rows=100)
    assert judged(check, label=label).outcome is Outcome.UNKNOWN
    assert judged(check, 1 - SCORES, label=label).outcome is Outcome.FAIL


def test_no_slice_large_enough_is_not_applicable_with_all_rows_listed() -> None:
    verdict = judged(every_slice("roc_auc", by="carrier", at_least=0.7, min_rows=1000))
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.details["share_too_small"] == 1.0


@pytest.mark.parametrize(
    "check",
    [
        every_slice("roc_auc", by="nosuch", at_least=0.5),
        fair("equal_opportunity", by="nosuch", within=0.1),
        every_slice("rmse", by="carrier", at_most=0.5),
    ],
    ids=lambda check: check.name,
)
def test_column_or_metric_that_is_not_there_is_unknown(check: Any) -> None:
    assert judged(check).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("scale", ["equal_opportunity", "demographic_parity"])
def test_groups_treated_alike_are_fair(scale: Any) -> None:
    verdict = judged(fair(scale, by="carrier", within=0.05, min_rows=50))
    assert verdict.outcome is Outcome.PASS
    assert verdict.value == pytest.approx(0.0)
    assert set(verdict.details["groups"]) == {"AA", "UA"}
    assert set(verdict.details["too_small"]) == {"null"}


def test_the_two_definitions_differ_where_base_rates_do() -> None:
    label = LABEL.copy()
    label[:200] = np.arange(200) % 10 < 8
    scores = np.where(label, 0.8, 0.2)
    opportunity = judged(fair("equal_opportunity", by="carrier", within=0.1, min_rows=50), scores, label=label)
    parity = judged(fair("demographic_parity", by="carrier", within=0.1, min_rows=50), scores, label=label)
    assert (opportunity.outcome, opportunity.value) == (Outcome.PASS, 0.0)
    assert (parity.outcome, parity.value) == (Outcome.FAIL, pytest.approx(0.3))


def test_fairness_needs_two_groups_and_finite_binary_scores() -> None:
    check = fair("equal_opportunity", by="carrier", within=0.1, min_rows=98)
    assert judged(check).outcome is Outcome.NOT_APPLICABLE
    scores = SCORES.copy()
    scores[3] = np.nan
    assert judged(fair("equal_opportunity", by="carrier", within=0.1), scores).outcome is Outcome.UNKNOWN
    assert judged(check, task="regression").outcome is Outcome.UNKNOWN


def test_positive_class_is_the_second_of_the_classes() -> None:
    label = np.where(LABEL, "late", "ok")
    check = fair("equal_opportunity", by="carrier", within=0.1, min_rows=50)
    late = judged(check, label=label, classes=("ok", "late"))
    assert late.details["groups"]["AA"]["share"] == 1.0
    ok = judged(check, label=label, classes=("late", "ok"))
    assert ok.details["groups"]["AA"]["share"] == 0.0


X = np.linspace(0, 10, 400)


def linear(columns: Any) -> np.ndarray:
    return 0.05 * np.asarray(columns["x"]) + 0.001 * np.asarray(columns["code"])


def asked(check: Any, predict: Any = linear, **more: Any) -> Outcome:
    features = {"x": X, "code": np.arange(400, dtype=np.int32)}
    outcome: Outcome = check(
        Predictions(scores=SCORES, predict=predict), None, evidence(features=features, **more)
    ).outcome
    return outcome


@pytest.mark.parametrize(
    ("check", "outcome"),
    [
        (monotonic("x", "increasing"), "pass"),
        (monotonic("x", "decreasing"), "fail"),
        (monotonic("code"), "pass"),
        (invariant_to("x", within=0.6), "pass"),
        (invariant_to("x", within=0.1), "fail"),
        (monotonic("nosuch"), "unknown"),
    ],
    ids=lambda item: getattr(item, "name", item),
)
def test_behaviour_by_table(check: Any, outcome: str) -> None:
    assert asked(check) == outcome


def test_share_of_rows_may_go_the_other_way() -> None:
    def bumpy(columns: Any) -> np.ndarray:
        x = np.asarray(columns["x"])
        return np.where(x > 9.5, -x, x)

    assert asked(monotonic("x"), bumpy) is Outcome.FAIL
    assert asked(monotonic("x", within=0.2), bumpy) is Outcome.PASS


def test_behaviour_that_cannot_be_asked_or_is_not_finite_is_unknown() -> None:
    assert asked(monotonic("x"), None) is Outcome.UNKNOWN
    assert asked(monotonic("x"), lambda columns: np.full(len(columns["x"]), np.nan)) is Outcome.UNKNOWN
    assert asked(invariant_to("x"), lambda columns: np.full(len(columns["x"]), np.nan)) is Outcome.UNKNOWN
    assert asked(monotonic("x"), task="multiclass") is Outcome.UNKNOWN
    assert judged(monotonic("x")).outcome is Outcome.UNKNOWN


def test_rows_without_the_feature_are_left_out() -> None:
    features = {"x": np.where(X > 5, np.nan, X), "code": np.zeros(400)}
    check = monotonic("x")
    verdict = check(Predictions(scores=SCORES, predict=linear), None, evidence(features=features))
    assert (verdict.outcome, verdict.n) == (Outcome.PASS, 200)
    empty = evidence(features={"x": np.full(400, np.nan), "code": np.zeros(400)})
    assert check(Predictions(scores=SCORES, predict=linear), None, empty).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "make",
    [
        lambda: every_slice("nope", by="c", at_least=0.5),
        lambda: every_slice("roc_auc", by="c"),
        lambda: every_slice("roc_auc", by="c", at_most=0.5),
        lambda: every_slice("log_loss", by="c", at_least=0.5),
        lambda: every_slice("roc_auc", by="c", at_least=0.5, at_most=0.9),
        lambda: every_slice("roc_auc", by="c", at_least=0.5, min_rows=0),
        lambda: fair("equal", by="c", within=0.1),
        lambda: fair("equal_opportunity", by="c", within=2),
        lambda: fair("equal_opportunity", by="c", within=0.1, min_rows=0),
        lambda: monotonic("x", "sideways"),
        lambda: monotonic("x", step=0),
        lambda: invariant_to("x", within=-1),
        lambda: invariant_to("x", rows=1),
    ],
)
def test_rules_that_cannot_be_are_refused_when_written(make: Any) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.fix
