"""Pipelines of scikit-learn: simple steps, then a model that is called directly."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler

from loopwright.serving.native.choose import native_call
from loopwright.serving.native.own_method import own_method

STEPS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    MinMaxScaler(),
    MinMaxScaler(clip=True),
]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_steps_before_a_linear_model(data, same, step):
    same(make_pipeline(step, "passthrough", LogisticRegression(max_iter=500)).fit(data.x, data.two))


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_nulls_are_filled_in(data_with_nulls, same, strategy):
    model = make_pipeline(SimpleImputer(strategy=strategy), StandardScaler(), Ridge())
    same(model.fit(data_with_nulls.x, data_with_nulls.value), nulls=True)


def test_an_imputer_that_adds_columns_is_left_to_the_library(data_with_nulls):
    model = make_pipeline(SimpleImputer(add_indicator=True), Ridge()).fit(data_with_nulls.x, data_with_nulls.value)
    assert native_call(model, 1) is None


def test_boosters_and_forests_may_come_last(data, same):
    for last in (LGBMClassifier(n_estimators=5, verbose=-1, num_threads=1), RandomForestClassifier(5)):
        same(Pipeline([("scale", StandardScaler()), ("model", last)]).fit(data.x, data.two))


def test_a_step_that_is_not_known_is_left_to_the_library(data):
    assert native_call(make_pipeline(PolynomialFeatures(), Ridge()).fit(data.x, data.value), 1) is None


def test_a_null_that_the_scaler_lets_through_is_refused_by_the_model(data):
    call = native_call(make_pipeline(StandardScaler(), Ridge()).fit(data.x, data.value), 1)
    with pytest.raises(ValueError, match="NaN"):
        call(np.full((1, 6), np.nan))


def test_the_rows_that_were_asked_stay_as_they_are(data):
    model = make_pipeline(SimpleImputer(), MinMaxScaler(), StandardScaler(), Ridge()).fit(data.x, data.value)
    rows = data.x[:4].copy()
    native_call(model, 1)(rows)
    np.testing.assert_array_equal(rows, data.x[:4])
    np.testing.assert_array_equal(native_call(model, 1)(rows), own_method(model)(rows))
