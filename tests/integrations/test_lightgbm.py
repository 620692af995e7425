"""LightGBM models come back with the same predictions, from bytes that depend on the model only."""

import json
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

from loopwright.core.hashing import digest_value
from loopwright.errors import BlobCorruptError, UntrustedFormatError
from loopwright.formats.catalogue import Catalogue

lightgbm = pytest.importorskip("lightgbm")
X = np.random.default_rng(0).normal(size=(300, 3))
SETTINGS: dict[str, Any] = {"n_estimators": 4, "num_leaves": 5, "verbose": -1, "n_jobs": 1}


def round_trip(value: Any) -> Any:
    label, files = Catalogue().encode(value)
    assert label == "lightgbm/1"
    back = Catalogue().decode(label, files)
    assert Catalogue().encode(back) == (label, files)
    return back


@pytest.mark.parametrize(
    "label",
    [
        X[:, 0] > 0,
        np.where(X[:, 0] > 0, "late", "on time"),
        np.digitize(X[:, 0], [-0.5, 0.5]),
        np.where(X[:, 0] > 0, 7, -3),
    ],
    ids=["bool", "text", "multiclass", "int"],
)
def test_classifier_comes_back_with_its_classes_and_predictions(label: np.ndarray) -> None:
    model = lightgbm.LGBMClassifier(**SETTINGS, class_weight="balanced").fit(X, label)
    back = round_trip(model)
    assert type(back) is type(model)
    assert back.classes_.dtype == model.classes_.dtype
    assert back.classes_.tolist() == model.classes_.tolist()
    assert np.array_equal(back.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(back.predict(X), model.predict(X))
    assert back.get_params() == model.get_params()


def test_regressor_and_booster_come_back() -> None:
    model = lightgbm.LGBMRegressor(**SETTINGS).fit(X, X[:, 1] * 2)
    assert np.array_equal(round_trip(model).predict(X), model.predict(X))
    assert np.array_equal(round_trip(model.booster_).predict(X), model.predict(X))


def test_early_stopping_is_kept() -> None:
    label = X[:, 0] > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = lightgbm.LGBMClassifier(**{**SETTINGS, "n_estimators": 60, "learning_rate": 0.9}).fit(
            X[:150],
            label[:150],
            eval_set=[(X[150:], label[150:])],
            callbacks=[lightgbm.early_stopping(2, verbose=False)],
        )
    back = round_trip(model)
    assert 0 < model.best_iteration_ < 60
    assert back.best_iteration_ == model.best_iteration_
    assert np.array_equal(back.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(back.booster_.predict(X), model.booster_.predict(X))


def test_class_weights_by_class_keep_their_keys() -> None:
    model = lightgbm.LGBMClassifier(**SETTINGS, class_weight={0: 1.0, 1: 3.0}).fit(X, (X[:, 0] > 0).astype(int))
    assert round_trip(model).class_weight == {0: 1.0, 1: 3.0}


def test_unfitted_estimator_can_be_fitted_after_it_came_back() -> None:
    label = X[:, 0] > 0
    back = round_trip(lightgbm.LGBMClassifier(**SETTINGS))
    fitted = lightgbm.LGBMClassifier(**SETTINGS).fit(X, label)
    assert np.array_equal(back.fit(X, label).predict_proba(X), fitted.predict_proba(X))


def test_objective_in_python_has_no_safe_form() -> None:
    model = lightgbm.LGBMRegressor(**SETTINGS, objective=lambda y, p: (p - y, np.ones_like(y)))
    with pytest.raises(UntrustedFormatError, match="objective"):
        Catalogue().encode(model)


def test_pipeline_around_a_classifier_comes_back() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(**SETTINGS)).fit(X, X[:, 0] > 0)
    label, files = Catalogue().encode(model)
    assert label == "sklearn/1"
    assert np.array_equal(Catalogue().decode(label, files).predict_proba(X), model.predict_proba(X))


def test_foreign_kind_is_corrupt() -> None:
    _, files = Catalogue().encode(lightgbm.LGBMRegressor(**SETTINGS))
    state = json.loads(files["state.json"]) | {"kind": "CVBooster"}
    with pytest.raises(BlobCorruptError):
        Catalogue().decode("lightgbm/1", files | {"state.json": json.dumps(state).encode()})


CHILD = """
import numpy as np, lightgbm
from loopwright.core.hashing import digest_value
from loopwright.formats.catalogue import Catalogue
X = np.random.default_rng(0).normal(size=(300, 3))
model = lightgbm.LGBMClassifier(n_estimators=4, num_leaves=5, verbose=-1, n_jobs=1).fit(X, X[:, 0] > 0)
print(digest_value({path: data.hex() for path, data in Catalogue().encode(model)[1].items()}))
"""


def test_another_process_trains_the_same_bytes() -> None:
    model = lightgbm.LGBMClassifier(**SETTINGS).fit(X, X[:, 0] > 0)
    here = digest_value({path: data.hex() for path, data in Catalogue().encode(model)[1].items()})
    ran = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == here
