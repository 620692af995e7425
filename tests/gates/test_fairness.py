"""Groups treated alike pass; the two definitions differ where base rates do."""

from typing import Any

import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.gates.fairness import fair
from loopwright.gates.gate import Evidence, Predictions

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


def test_column_of_groups_that_is_not_there_is_unknown() -> None:
    assert judged(fair("equal_opportunity", by="nosuch", within=0.1)).outcome is Outcome.UNKNOWN


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


@pytest.mark.parametrize(
    "make",
    [
        lambda: fair("equal", by="c", within=0.1),
        lambda: fair("equal_opportunity", by="c", within=2),
        lambda: fair("equal_opportunity", by="c", within=0.1, min_rows=0),
    ],
)
def test_rules_that_cannot_be_are_refused_when_written(make: Any) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.fix
