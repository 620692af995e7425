"""Estimates of performance: near the truth where inputs change, with an interval that knows how wrong it may be."""

import msgspec
import numpy as np
import pytest

from loopwright.core.schema import Column, Signature
from loopwright.monitoring.estimate import (
    Estimation,
    estimate_classification,
    estimate_regression,
    fit_classification,
    fit_regression,
    foretold_losses,
    outside,
)
from loopwright.monitoring.expected import EXPECTED
from loopwright.stats.quality import METRICS

BINARY = Signature(
    task="binary", request=(), features=(Column(name="x", kind="float"),), classes=(False, True), label="y"
)
NUMBER = Signature(task="regression", request=(), features=(Column(name="x", kind="float"),), label="y")
SHOPS = Signature(
    task="binary",
    request=(),
    features=(Column(name="shop", kind="category", categories=("a", "b", "c")),),
    classes=(False, True),
)


def asked(n, *, low=-3.0, high=3.0, seed=0):
    """Requests whose score is too sure of itself."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(low, high, n)
    label = rng.random(n) < 1 / (1 + np.exp(-x))
    return x, 1 / (1 + np.exp(-2 * x)), label


@pytest.fixture(scope="module")
def about():
    x, score, label = asked(4_000)
    return fit_classification(score, label, features={"x": x}, signature=BINARY, blocks=np.arange(4_000) // 200)


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "brier", "log_loss", "f1"])
def test_requests_that_are_harder_are_estimated_to_be_so(about, metric):
    _, score, label = asked(5_000, low=-1.0, high=1.0, seed=1)
    found = estimate_classification(about, metric, score, days=14, level=0.99, rng=np.random.default_rng(0))
    real = METRICS[metric].function(label, score, (False, True))
    assert found.value == pytest.approx(real, abs=0.04)
    assert found.low < real < found.high


def test_intervals_hold_about_as_often_as_they_say(about):
    held = 0
    for seed in range(20):
        _, score, label = asked(600, seed=100 + seed)
        found = estimate_classification(about, "roc_auc", score, days=3, level=0.95, rng=np.random.default_rng(0))
        held += found.low <= METRICS["roc_auc"].function(label, score, (False, True)) <= found.high
    assert held >= 17


def test_the_error_of_the_holdout_is_told(about):
    assert set(about.wrong) == set(EXPECTED)
    assert abs(about.lean["accuracy"]) < 0.02
    assert about.parts == 20


def test_what_it_rests_on_is_plain_json(about):
    assert msgspec.json.decode(msgspec.json.encode(about), type=Estimation) == about


def test_no_request_has_no_estimate(about):
    found = estimate_classification(about, "roc_auc", np.empty(0), days=1, level=0.95, rng=np.random.default_rng(0))
    assert np.isnan(found.value)


def test_one_request_has_a_figure_at_most_and_never_a_narrow_interval(about):
    found = estimate_classification(
        about, "accuracy", np.asarray([0.9]), days=1, level=0.95, rng=np.random.default_rng(0)
    )
    assert found.high - found.low > 0.5


def priced(n, *, noise_at, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 10, n)
    return x, 2 * x, 2 * x + rng.normal(size=n) * noise_at(x)


@pytest.mark.slow
def test_the_loss_of_a_regression_is_foretold_from_its_inputs():
    x, score, label = priced(3_000, noise_at=lambda v: 0.2 + v / 5)
    about, models = fit_regression(score, label, features={"x": x}, signature=NUMBER, blocks=np.arange(3_000) // 150)
    later = np.random.default_rng(5).uniform(7, 10, 4_000)
    truth = 2 * later + np.random.default_rng(6).normal(size=4_000) * (0.2 + later / 5)
    losses = foretold_losses(models, 2 * later, features={"x": later}, signature=NUMBER)
    for metric, loss in (("mae", "absolute"), ("rmse", "squared")):
        total = float(losses[loss].sum())
        found = estimate_regression(about, metric, total=total, n=4_000, days=14, level=0.99)
        real = METRICS[metric].function(truth, 2 * later, ())
        first = METRICS[metric].function(label, score, ())
        assert abs(found.value - real) < 0.2 * abs(first - real)
        assert found.low < real < found.high


def test_no_request_of_a_regression_has_no_estimate(about):
    assert np.isnan(estimate_regression(about, "mae", total=0.0, n=0, days=1, level=0.95).value)


def test_requests_beyond_the_holdouts_range_are_counted(about):
    assert outside(about, {"x": np.asarray([0.0, 2.9, 3.5, -9.0, np.nan])}).tolist() == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_a_level_that_the_holdout_lacks_is_outside():
    rng = np.random.default_rng(0)
    codes = rng.choice([0.0, 2.0], 400)
    found = fit_classification(
        rng.random(400), rng.random(400) < 0.5, features={"shop": codes}, signature=SHOPS, blocks=np.arange(400) // 40
    )
    assert outside(found, {"shop": np.asarray([0.0, 1.0, 2.0, -1.0])}).tolist() == [False, True, False, True]


def test_several_classes_are_estimated_too():
    rng = np.random.default_rng(0)
    score = rng.dirichlet((1, 1, 1), 3_000)
    names = np.asarray(["a", "b", "c"])
    label = names[[rng.choice(3, p=p) for p in score]]
    signature = Signature(
        task="multiclass", request=(), features=(Column(name="x", kind="float"),), classes=("a", "b", "c")
    )
    found = fit_classification(
        score, label, features={"x": rng.random(3_000)}, signature=signature, blocks=np.arange(3_000) // 200
    )
    made = estimate_classification(found, "accuracy", score, days=14, level=0.95, rng=rng)
    assert made.value == pytest.approx(METRICS["accuracy"].function(label, score, ("a", "b", "c")), abs=0.03)
