"""Scores answer to a change of one feature as told; what cannot be asked is unknown."""

from typing import Any

import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.gates.behaviour import invariant_to, monotonic
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
