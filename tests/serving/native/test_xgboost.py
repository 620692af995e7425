"""XGBoost's models through its C interface: the same bits as its own estimators."""

import numpy as np
import pytest
from xgboost import Booster, DMatrix, XGBClassifier, XGBRegressor, train

from loopwright.errors import UsageError
from loopwright.serving.native.xgboost import xgboost_call

SMALL = {"n_estimators": 20, "max_depth": 4, "n_jobs": 1}


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("target", ["two", "three", "value"])
def test_every_task_gives_the_estimators_own_answer(data, data_with_nulls, same, target, nulls):
    rows = data_with_nulls if nulls else data
    kind = XGBRegressor if target == "value" else XGBClassifier
    same(kind(**SMALL).fit(rows.x, getattr(rows, target)), nulls=nulls)


@pytest.mark.parametrize("booster", ["dart", "gbtree"])
def test_both_boosters_of_trees_are_called_directly(data, same, booster):
    same(XGBRegressor(**SMALL, booster=booster).fit(data.x, data.value))


def test_a_lone_booster_gives_all_its_trees(data, same):
    booster = train({"objective": "binary:logistic", "nthread": 1}, DMatrix(data.x, data.two), 10)
    same(booster, nulls=True, reference=lambda rows: booster.predict(DMatrix(rows)))


def test_a_lone_linear_booster_is_asked_with_its_own_table(data, same):
    booster = train({"booster": "gblinear", "nthread": 1}, DMatrix(data.x, data.value), 5)
    same(booster, reference=lambda rows: booster.predict(DMatrix(rows)))


def test_another_value_than_nan_may_stand_for_a_null(data, same):
    same(XGBRegressor(**SMALL, missing=-1.0).fit(data.x, data.value))


def test_only_the_iterations_up_to_the_best_count(data, same):
    model = XGBRegressor(n_estimators=300, early_stopping_rounds=3, n_jobs=1).fit(
        data.x[:300], data.value[:300], eval_set=[(data.x[300:], data.value[300:])], verbose=False
    )
    assert 0 < model.best_iteration < 290
    same(model)


def test_softmax_classes_are_left_to_the_estimator(data):
    model = XGBClassifier(**SMALL).fit(data.x, data.three).set_params(objective="multi:softmax")
    assert xgboost_call(model, 1) is None


def test_rows_of_another_width_are_refused(data):
    call = xgboost_call(XGBRegressor(**SMALL).fit(data.x, data.value), 1)
    with pytest.raises(UsageError, match="6 columns"):
        call(data.x[:2, :5])


def test_another_librarys_model_is_not_its():
    assert xgboost_call(object(), 1) is None
    assert isinstance(Booster(), Booster)


def test_answers_do_not_change_when_the_next_call_is_made(data):
    call = xgboost_call(XGBRegressor(**SMALL).fit(data.x, data.value), 1)
    first = call(data.x[:3])
    kept = first.copy()
    call(data.x[3:6])
    np.testing.assert_array_equal(first, kept)
