"""Slices are judged one by one; small ones are listed, undefined ones are unknown."""

from typing import Any

import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.gates.gate import Evidence, Predictions
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
    [every_slice("roc_auc", by="nosuch", at_least=0.5), every_slice("rmse", by="carrier", at_most=0.5)],
    ids=lambda check: check.name,
)
def test_column_or_metric_that_is_not_there_is_unknown(check: Any) -> None:
    assert judged(check).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "make",
    [
        lambda: every_slice("nope", by="c", at_least=0.5),
        lambda: every_slice("roc_auc", by="c"),
        lambda: every_slice("roc_auc", by="c", at_most=0.5),
        lambda: every_slice("log_loss", by="c", at_least=0.5),
        lambda: every_slice("roc_auc", by="c", at_least=0.5, at_most=0.9),
        lambda: every_slice("roc_auc", by="c", at_least=0.5, min_rows=0),
    ],
)
def test_rules_that_cannot_be_are_refused_when_written(make: Any) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.fix
