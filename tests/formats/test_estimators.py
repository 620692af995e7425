"""Estimators of plain values come back the same, without skops; nothing in a stored one is ever called."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from loopwright.errors import LoopwrightError
from loopwright.formats.catalogue import Catalogue

X = np.random.default_rng(0).normal(size=(60, 3))
LABEL = (X[:, 0] > 0.1).astype(int)
WORDS = np.where(X[:, 0] > 0, "late", "ok")

PLAIN = [
    LogisticRegression(),
    LogisticRegression(class_weight="balanced"),
    GaussianNB(),
    make_pipeline(SimpleImputer(), StandardScaler(), PCA(2), LogisticRegression()),
    make_pipeline(MinMaxScaler(feature_range=(0, 2)), GaussianNB()),
]


@pytest.mark.parametrize("labels", [LABEL, WORDS], ids=["numbers", "words"])
@pytest.mark.parametrize("model", PLAIN, ids=lambda model: str(model)[:40])
def test_plain_estimators_come_back_bit_for_bit(model: Any, labels: Any) -> None:
    model.fit(X, labels)
    label, files = Catalogue().encode(model)
    back = Catalogue().decode(label, files)
    assert label == "estimator/1"
    assert np.array_equal(back.predict(X), model.predict(X))
    assert Catalogue().encode(back) == (label, files)
    assert back.get_params().keys() == model.get_params().keys()


def test_memory_order_of_coefficients_is_kept() -> None:
    model = LinearRegression().fit(X, X[:, :2])
    model.coef_ = np.asfortranarray(model.coef_)
    back = Catalogue().decode(*Catalogue().encode(model))
    assert back.coef_.flags.f_contiguous
    assert np.array_equal(back.predict(X), model.predict(X))


def test_names_types_and_text_categories_come_back() -> None:
    frame = pl.DataFrame({"a": ["x", "y", None], "b": ["p", "p", "q"]})
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False, handle_unknown="ignore").fit(frame.to_numpy())
    label, files = Catalogue().encode(encoder)
    back = Catalogue().decode(label, files)
    assert label == "estimator/1"
    assert back.dtype is np.float32
    assert [list(one) for one in back.categories_] == [["x", "y", None], ["p", "q"]]
    assert np.array_equal(back.transform(frame.to_numpy()), encoder.transform(frame.to_numpy()))


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier().fit(X, LABEL),
        FunctionTransformer(np.log1p),
        ColumnTransformer([("a", OrdinalEncoder(), [0])]).fit(X),
        SGDClassifier().fit(X, LABEL),
    ],
    ids=lambda model: type(model).__name__,
)
def test_anything_else_is_left_to_the_other_format(model: Any) -> None:
    assert Catalogue().encode(model)[0] == "sklearn/1"


def test_an_array_that_is_shared_is_not_taken_apart() -> None:
    model = Ridge().fit(X, X[:, 0])
    model.extra_ = model.coef_
    back = Catalogue().decode(*Catalogue().encode(model))
    assert back.extra_ is back.coef_


@pytest.mark.parametrize(
    "path",
    [
        "subprocess:Popen",
        "sklearn.utils:Bunch",
        "sklearn.utils._testing:MinimalClassifier",
        "sklearn.tests.test_base:MyEstimator",
        "sklearn.base:clone",
        "sklearn.linear_model:LogisticRegression.fit",
        "os.sklearn.x:system",
    ],
)
def test_a_class_that_is_no_estimator_of_scikit_learn_is_refused(path: str) -> None:
    tree = json.dumps(["estimator", path, ["dict", ["args", "true"]]]).encode()
    with pytest.raises(LoopwrightError):
        Catalogue().decode("estimator/1", {"estimator.json": tree})


def test_a_type_that_is_not_numpys_is_refused() -> None:
    for name in ("ndarray", "load", "no_such_type"):
        with pytest.raises(LoopwrightError):
            Catalogue().decode("estimator/1", {"estimator.json": json.dumps(["numpy_type", name]).encode()})


@pytest.mark.parametrize("tree", [b"", b"[]", b'["array","../x"]', b'["array",3]', b'["no such kind"]', b"[[1]]"])
def test_damaged_files_are_named_as_such(tree: bytes) -> None:
    with pytest.raises(LoopwrightError):
        Catalogue().decode("estimator/1", {"estimator.json": tree})


class Own(BaseEstimator):
    """Somebody's own."""


def test_own_estimators_inside_a_pipeline_are_not_taken() -> None:
    with pytest.raises(LoopwrightError):
        Catalogue().encode(make_pipeline(Own(), Ridge()))


def test_storing_a_plain_estimator_does_not_import_skops() -> None:
    code = (
        "import sys, numpy as np\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "from loopwright.formats.catalogue import Catalogue\n"
        "model = LogisticRegression().fit(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])\n"
        "Catalogue().decode(*Catalogue().encode({'model': model}))\n"
        "print('skops' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
