"""scikit-learn's trees, forests and gradient boosting: the same bits as their own methods."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

from loopwright.serving.native.choose import native_call
from loopwright.serving.native.trees import tree_call

REGRESSIONS = [
    DecisionTreeRegressor(max_depth=5),
    ExtraTreeRegressor(max_depth=5),
    RandomForestRegressor(15),
    ExtraTreesRegressor(15),
    GradientBoostingRegressor(n_estimators=15),
    GradientBoostingRegressor(n_estimators=15, loss="huber"),
    GradientBoostingRegressor(n_estimators=15, init="zero"),
]
CLASSIFIERS = [
    DecisionTreeClassifier(max_depth=5),
    RandomForestClassifier(15),
    ExtraTreesClassifier(15),
    GradientBoostingClassifier(n_estimators=15),
    GradientBoostingClassifier(n_estimators=15, init="zero"),
]


def named(model):
    return type(model).__name__


@pytest.mark.parametrize("model", REGRESSIONS, ids=named)
def test_regressions(data, same, model):
    same(model.fit(data.x, data.value))


@pytest.mark.parametrize("target", ["two", "three"])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=named)
def test_classifiers(data, same, model, target):
    same(model.fit(data.x, getattr(data, target)))


def test_exponential_loss(data, same):
    same(GradientBoostingClassifier(n_estimators=15, loss="exponential").fit(data.x, data.two))


@pytest.mark.parametrize("model", [RandomForestClassifier(15), DecisionTreeClassifier()], ids=named)
def test_a_model_that_has_learned_from_nulls_answers_them(data_with_nulls, same, model):
    same(model.fit(data_with_nulls.x, data_with_nulls.two), nulls=True)


def test_nulls_are_refused_where_the_model_refuses_them(data):
    call = native_call(GradientBoostingRegressor(n_estimators=3).fit(data.x, data.value), 1)
    with pytest.raises(ValueError, match="NaN"):
        call(np.full((1, 6), np.nan))


def test_a_number_that_32_bits_do_not_hold_is_refused_as_before(data):
    call = native_call(RandomForestRegressor(3).fit(data.x, data.value), 1)
    with pytest.raises(ValueError, match="too large"):
        call(np.full((1, 6), 1e300))


def test_a_start_that_is_a_model_is_left_to_the_library(data):
    assert tree_call(GradientBoostingRegressor(n_estimators=3, init=LinearRegression()).fit(data.x, data.value)) is None


def test_several_targets_are_left_to_the_library(data):
    model = DecisionTreeRegressor().fit(data.x, np.column_stack([data.value, data.value]))
    assert tree_call(model) is None


def test_other_models_are_no_trees(data):
    assert tree_call(DummyClassifier().fit(data.x, data.two)) is None
