"""scikit-learn models come back with the same predictions, from the same bytes, and bring no code along."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from loopwright.errors import BlobCorruptError, UntrustedFormatError
from loopwright.formats.catalogue import Catalogue

X = np.abs(np.random.default_rng(0).normal(size=(80, 3)))
X[:, 1] = (X[:, 1] * 3).astype(int)
LABEL = (X[:, 0] > 0.6).astype(int)


class Constant(ClassifierMixin, BaseEstimator):
    """A user's own estimator."""

    def fit(self, rows: Any, label: Any) -> "Constant":
        self.share_ = float(np.mean(label))
        return self


def mixed() -> Any:
    columns = ColumnTransformer(
        [("scale", StandardScaler(), [0]), ("codes", OneHotEncoder(handle_unknown="ignore"), [1])],
        remainder="passthrough",
    )
    return make_pipeline(columns, SimpleImputer(), LogisticRegression())


MODELS = [
    LogisticRegression(),
    HistGradientBoostingClassifier(max_iter=3, random_state=0, categorical_features=[1]),
    RandomForestClassifier(n_estimators=3, random_state=0),
    GradientBoostingClassifier(n_estimators=3, random_state=0),
    CalibratedClassifierCV(LogisticRegression()),
    MLPClassifier(max_iter=400, hidden_layer_sizes=(3,), random_state=0, tol=0.01),
    DecisionTreeClassifier(random_state=np.random.RandomState(1)),
    mixed(),
    StackingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier(random_state=0))], cv=3),
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, scoring="roc_auc", cv=3),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_classifiers_come_back_bit_for_bit(model: Any) -> None:
    model.fit(X, LABEL)
    label, files = Catalogue().encode(model)
    back = Catalogue().decode(label, files)
    assert label in ("sklearn/1", "estimator/1")
    assert np.array_equal(back.predict_proba(X), model.predict_proba(X))
    assert Catalogue().encode(back) == (label, files)


@pytest.mark.parametrize(
    "model",
    [Ridge(), HistGradientBoostingRegressor(max_iter=3, loss="poisson")],
    ids=lambda model: type(model).__name__,
)
def test_regressors_come_back_bit_for_bit(model: Any) -> None:
    model.fit(X, X[:, 2])
    assert np.array_equal(Catalogue().decode(*Catalogue().encode(model)).predict(X), model.predict(X))


def test_training_twice_gives_the_same_bytes() -> None:
    one, other = (Catalogue().encode(RandomForestClassifier(3, random_state=0).fit(X, LABEL))[1] for _ in range(2))
    assert one == other
    assert one != Catalogue().encode(RandomForestClassifier(3, random_state=1).fit(X, LABEL))[1]


def test_own_estimators_need_trust() -> None:
    model = Constant().fit(X, LABEL)
    with pytest.raises(UntrustedFormatError) as caught:
        Catalogue().encode(model)
    assert "Constant" in caught.value.why
    assert "trust_pickle=True" in caught.value.fix
    trusting = Catalogue(trust_pickle=True)
    label, files = trusting.encode(model)
    assert trusting.decode(label, files).share_ == model.share_
    with pytest.raises(UntrustedFormatError):
        Catalogue().decode(label, files)


@pytest.mark.parametrize("function", [lambda x: x, np.testing.assert_array_equal, eval, subprocess.call])
def test_functions_in_a_pipeline_are_refused(function: Any) -> None:
    with pytest.raises(UntrustedFormatError):
        Catalogue().encode(make_pipeline(FunctionTransformer(function), Ridge()))


def test_stored_archive_with_a_foreign_type_is_refused() -> None:
    from skops.io import dumps

    with pytest.raises(UntrustedFormatError):
        Catalogue().decode("sklearn/1", {"model.skops": dumps(Constant().fit(X, LABEL))})


def test_damaged_archive_is_corrupt() -> None:
    _, files = Catalogue().encode(DecisionTreeClassifier().fit(X, LABEL))
    whole = files["model.skops"]
    for bytes_ in (b"", whole[: len(whole) // 2], whole.replace(b'"DictNode"', b'"NoneNode"')):
        with pytest.raises(BlobCorruptError):
            Catalogue().decode("sklearn/1", {"model.skops": bytes_})


CHILD = """
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from loopwright.core.hashing import digest_bytes
from loopwright.formats.catalogue import Catalogue
rows = np.random.default_rng(0).normal(size=(80, 3))
model = RandomForestClassifier(3, random_state=0).fit(rows, np.where(rows[:, 0] > 0, "late", "ok"))
print(digest_bytes(Catalogue().encode(model)[1]["model.skops"]))
"""


def test_other_processes_train_the_same_bytes() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", CHILD], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        for seed in ("1", "2")
    ]
    assert len(runs[0].stdout.strip()) == 64
    assert runs[0].stdout == runs[1].stdout
