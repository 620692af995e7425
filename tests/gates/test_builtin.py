"""Thresholds and non-inferiority, by table and at random."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.gates.builtin import at_least, at_most, not_worse_than_champion
from loopwright.gates.gate import Evidence, Predictions
from loopwright.stats.quality import METRICS

RNG = np.random.default_rng(7)
LABEL = RNG.random(2000) < 0.3
GOOD = np.clip(0.3 + 0.25 * LABEL + RNG.normal(0, 0.2, 2000), 0.01, 0.99)
SAME = np.clip(GOOD + RNG.normal(0, 0.01, 2000), 0.01, 0.99)
BAD = RNG.random(2000)


def evidence(n: int = 2000, **more: Any) -> Evidence:
    fields: dict[str, Any] = {"task": "binary", "classes": (False, True), "label": LABEL[:n]}
    return Evidence(**fields | more)


def predictions(scores: np.ndarray, n: int = 2000) -> Predictions:
    return Predictions(scores=scores[:n])


@pytest.mark.parametrize(
    ("check", "outcome"),
    [
        (at_least("roc_auc", 0.7), "pass"),
        (at_least("roc_auc", 0.95), "fail"),
        (at_most("log_loss", 0.9), "pass"),
        (at_most("log_loss", 0.1), "fail"),
        (at_least("rmse", 0.1), "unknown"),
    ],
    ids=lambda item: getattr(item, "name", item),
)
def test_threshold_by_table(check: Any, outcome: str) -> None:
    assert check(predictions(GOOD), None, evidence()).outcome == outcome


def test_threshold_includes_its_bound_and_shows_its_figures() -> None:
    auc = METRICS["roc_auc"].function(LABEL, GOOD, (False, True))
    verdict = at_least("roc_auc", auc)(predictions(GOOD), None, evidence())
    assert verdict.outcome is Outcome.PASS
    assert (verdict.value, verdict.threshold, verdict.n) == (auc, auc, 2000)
    assert verdict.interval is not None
    assert verdict.interval[0] < auc < verdict.interval[1]
    assert at_least("roc_auc", np.nextafter(auc, 1))(predictions(GOOD), None, evidence()).outcome is Outcome.FAIL


@pytest.mark.parametrize("label", [np.zeros(0, bool), np.zeros(50, bool), np.ones(50, bool)])
def test_undefined_metric_is_unknown_never_zero(label: np.ndarray) -> None:
    verdict = at_least("roc_auc", 0.0)(predictions(GOOD, len(label)), None, evidence(label=label))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.value is None


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_one_score_that_is_not_finite_is_unknown(wrong: float) -> None:
    scores = GOOD.copy()
    scores[17] = wrong
    for check in (at_least("roc_auc", 0.5), at_most("brier", 1.0), not_worse_than_champion("roc_auc", 0.5)):
        assert check(predictions(scores), predictions(GOOD), evidence()).outcome is Outcome.UNKNOWN


def test_regression_and_multiclass_have_their_metrics() -> None:
    truth = RNG.normal(size=200)
    regression = Evidence(task="regression", classes=(), label=truth)
    assert at_most("rmse", 0.5)(Predictions(scores=truth + 0.1), None, regression).outcome is Outcome.PASS
    codes = RNG.integers(0, 3, 300)
    several = Evidence(task="multiclass", classes=("a", "b", "c"), label=np.array(["a", "b", "c"])[codes])
    assert at_least("accuracy", 0.99)(Predictions(scores=np.eye(3)[codes]), None, several).outcome is Outcome.PASS


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "accuracy"])
@pytest.mark.parametrize(
    ("candidate", "champion", "margin", "outcome"),
    [
        (SAME, GOOD, 0.05, "pass"),
        (GOOD, GOOD, 0.0, "pass"),
        (GOOD, BAD, 0.01, "pass"),
        (BAD, GOOD, 0.02, "fail"),
    ],
    ids=["alike", "the same", "better", "worse"],
)
def test_not_worse_by_table(
    metric: str, candidate: np.ndarray, champion: np.ndarray, margin: float, outcome: str
) -> None:
    verdict = not_worse_than_champion(metric, margin)(predictions(candidate), predictions(champion), evidence())
    assert verdict.outcome == outcome
    assert verdict.interval is not None
    assert verdict.value is not None
    if candidate is BAD or champion is BAD:
        assert (verdict.value > 0) == (champion is BAD)


def test_interval_that_straddles_the_margin_is_no_verdict() -> None:
    check = not_worse_than_champion("roc_auc", 0.001)
    noisy = np.clip(GOOD + RNG.normal(0, 0.1, 2000), 0.01, 0.99)
    assert check(predictions(noisy, 60), predictions(GOOD, 60), evidence(60)).outcome is Outcome.UNKNOWN


def test_few_rows_are_no_verdict_even_where_the_models_agree() -> None:
    check = not_worse_than_champion("roc_auc", 0.1)
    assert check(predictions(GOOD, 20), predictions(GOOD, 20), evidence(20)).outcome is Outcome.UNKNOWN


def test_without_champion_it_is_not_applicable() -> None:
    verdict = not_worse_than_champion("roc_auc", 0.1)(predictions(GOOD), None, evidence())
    assert verdict.outcome is Outcome.NOT_APPLICABLE


def test_blocks_of_rows_that_are_alike_widen_the_interval() -> None:
    days = np.repeat(np.arange(20), 100)
    shifted = SAME - 0.2 * LABEL * (days % 2 == 0)
    check = not_worse_than_champion("roc_auc", 0.01)
    spans = [
        verdict.interval[1] - verdict.interval[0]
        for blocks in (None, days)
        if (verdict := check(predictions(shifted), predictions(GOOD), evidence(blocks=blocks))).interval
    ]
    assert spans[1] > 1.5 * spans[0]
    one_day = evidence(blocks=np.zeros(2000))
    assert check(predictions(SAME), predictions(GOOD), one_day).outcome is Outcome.UNKNOWN


def test_verdict_is_a_function_of_the_evidence() -> None:
    check = not_worse_than_champion("average_precision", 0.01)
    one, other = (check(predictions(SAME), predictions(GOOD), evidence()) for _ in range(2))
    assert one == other


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.2), st.floats(0, 0.2))
def test_wider_margin_never_turns_a_pass_away(seed: int, margin: float, more: float) -> None:
    rng = np.random.default_rng(seed)
    noisy = np.clip(GOOD + rng.normal(0, 0.1, 2000), 0.01, 0.99)
    outcomes = [
        not_worse_than_champion("roc_auc", wide)(predictions(noisy), predictions(GOOD), evidence()).outcome
        for wide in (margin, margin + more)
    ]
    if outcomes[0] is Outcome.PASS:
        assert outcomes[1] is Outcome.PASS


def test_worse_candidates_seldom_pass() -> None:
    """Non-inferiority at level 0.95 lets a candidate worse by exactly the margin pass in about 2.5 % of the cases."""
    rng = np.random.default_rng(0)
    passed = 0
    for _ in range(300):
        label = rng.random(300) < 0.5
        right = rng.random(300) < 0.8
        other = np.where(rng.random(300) < 0.1, ~right, right)  # 0.8 becomes 0.74
        scores = [np.where(np.where(correct, label, ~label), 0.9, 0.1) for correct in (right, other)]
        check = not_worse_than_champion("roc_auc", 0.06)
        verdict = check(Predictions(scores=scores[1]), Predictions(scores=scores[0]), evidence(label=label))
        passed += verdict.outcome is Outcome.PASS
    assert passed <= 20


@pytest.mark.parametrize(
    "make",
    [
        lambda: at_least("auc", 0.5),
        lambda: at_most("rmse", float("nan")),
        lambda: not_worse_than_champion("nope", 0.1),
        lambda: not_worse_than_champion("roc_auc", -0.1),
        lambda: not_worse_than_champion("roc_auc", 0.1, level=0.4),
    ],
)
def test_rules_that_cannot_be_are_refused_when_written(make: Any) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.fix
