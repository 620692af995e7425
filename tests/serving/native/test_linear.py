"""scikit-learn's linear models: the same bits as their own methods."""

import numpy as np
import pytest
from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.svm import LinearSVC

from loopwright.serving.native.choose import native_call
from loopwright.serving.native.linear import linear_call

REGRESSIONS = [LinearRegression(), Ridge(), Lasso(), ElasticNet(), HuberRegressor(max_iter=2000), SGDRegressor()]
CLASSIFIERS = [
    LogisticRegression(max_iter=2000),
    LogisticRegression(solver="liblinear"),
    SGDClassifier(random_state=0),
    RidgeClassifier(),
    Perceptron(),
    LinearSVC(random_state=0),
]


def named(model):
    return type(model).__name__


@pytest.mark.parametrize("model", REGRESSIONS, ids=named)
def test_regressions(data, same, model):
    same(model.fit(data.x / 100, data.value))


@pytest.mark.parametrize("target", ["two", "three"])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=named)
def test_classifiers(data, same, model, target):
    if target == "three" and getattr(model, "solver", "") == "liblinear":
        pytest.skip("takes two classes only")
    same(model.fit(data.x, getattr(data, target)))


def test_logistic_loss_by_gradient_descent(data, same):
    same(SGDClassifier(loss="log_loss", random_state=0).fit(data.x, data.two))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_the_model_refuses_is_refused_still(data, bad):
    call = native_call(Ridge().fit(data.x, data.value), 1)
    rows = data.x[:3].copy()
    rows[1, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        call(rows)


def test_several_targets_are_left_to_the_model(data):
    assert linear_call(LinearRegression().fit(data.x, np.column_stack([data.value, data.value]))) is None


def test_other_models_are_not_linear():
    assert linear_call(object()) is None
