"""XGBoost models come back with the same predictions, from bytes that depend on the model only."""

from typing import Any

import numpy as np
import pytest

from loopwright.errors import BlobCorruptError, UntrustedFormatError
from loopwright.formats.catalogue import Catalogue

xgboost = pytest.importorskip("xgboost")
X = np.random.default_rng(0).normal(size=(300, 3))
SETTINGS: dict[str, Any] = {"n_estimators": 4, "max_depth": 3, "n_jobs": 1}


def round_trip(value: Any) -> Any:
    label, files = Catalogue().encode(value)
    assert label == "xgboost/1"
    back = Catalogue().decode(label, files)
    assert Catalogue().encode(back) == (label, files)
    return back


@pytest.mark.parametrize("label", [X[:, 0] > 0, np.digitize(X[:, 0], [-0.5, 0.5])], ids=["two", "three"])
@pytest.mark.parametrize("kind", ["XGBClassifier", "XGBRFClassifier"])
def test_classifiers_come_back(kind: str, label: np.ndarray) -> None:
    model = getattr(xgboost, kind)(**SETTINGS).fit(X, label)
    back = round_trip(model)
    assert type(back) is type(model)
    assert back.classes_.tolist() == model.classes_.tolist()
    assert np.array_equal(back.predict_proba(X), model.predict_proba(X))
    assert repr(back.get_params()) == repr(model.get_params())


def test_regressors_and_boosters_come_back() -> None:
    model = xgboost.XGBRegressor(**SETTINGS).fit(X, X[:, 1] * 2)
    assert np.array_equal(round_trip(model).predict(X), model.predict(X))
    booster = model.get_booster()
    table = xgboost.DMatrix(X)
    assert np.array_equal(round_trip(booster).predict(table), booster.predict(table))


def test_early_stopping_is_kept() -> None:
    model = xgboost.XGBRegressor(n_estimators=200, early_stopping_rounds=2, n_jobs=1)
    model.fit(X[:200], X[:200, 0], eval_set=[(X[200:], X[200:, 0])], verbose=False)
    back = round_trip(model)
    assert back.best_iteration == model.best_iteration
    assert np.array_equal(back.predict(X), model.predict(X))
    native = Catalogue().native(*Catalogue().encode(model))
    assert native is not None
    assert native.iterations == model.best_iteration + 1


def test_two_trainings_give_the_same_bytes() -> None:
    one, other = (xgboost.XGBRegressor(**SETTINGS, random_state=0).fit(X, X[:, 1]) for _ in range(2))
    assert Catalogue().encode(one) == Catalogue().encode(other)


def test_an_unfitted_estimator_comes_back() -> None:
    assert round_trip(xgboost.XGBClassifier(**SETTINGS)).n_estimators == 4
    assert Catalogue().native(*Catalogue().encode(xgboost.XGBClassifier(**SETTINGS))) is None


def test_the_value_that_stands_for_a_null_is_kept() -> None:
    model = xgboost.XGBRegressor(**SETTINGS, missing=-1.0).fit(X, X[:, 1])
    native = Catalogue().native(*Catalogue().encode(model))
    assert native is not None
    assert native.missing == -1.0


def test_an_objective_in_python_is_refused() -> None:
    def objective(label: Any, predicted: Any) -> Any:
        return predicted - label, np.ones_like(label)

    with pytest.raises(UntrustedFormatError, match="objective"):
        Catalogue().encode(xgboost.XGBRegressor(objective=objective, n_jobs=1).fit(X, X[:, 1]))


def test_margins_of_softmax_have_no_native_form() -> None:
    model = xgboost.XGBClassifier(**SETTINGS, objective="multi:softmax").fit(X, np.digitize(X[:, 0], [-0.5, 0.5]))
    model.set_params(objective="multi:softmax")
    assert Catalogue().native(*Catalogue().encode(model)) is None


def test_damaged_bytes_are_reported() -> None:
    label, files = Catalogue().encode(xgboost.XGBRegressor(**SETTINGS).fit(X, X[:, 1]))
    with pytest.raises(BlobCorruptError):
        Catalogue().decode(label, files | {"model.ubj": b"nonsense"})
