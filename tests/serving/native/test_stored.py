"""A stored model answers as the live one, and its Python package stays out of the process."""

import subprocess
import sys

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier, XGBRegressor

from loopwright.errors import ArmFailedError, UnsupportedValueError
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.format import NativeModel
from loopwright.formats.value import extract_value, put_value
from loopwright.serving.native.choose import native_call
from loopwright.serving.native.stored import stored_call
from loopwright.store.backends.memory_blobs import MemoryBlobs


def models(data):
    yield LGBMClassifier(n_estimators=10, verbose=-1, num_threads=1).fit(data.x, data.two)
    yield LGBMClassifier(n_estimators=10, verbose=-1, num_threads=1).fit(data.x, data.three)
    yield XGBClassifier(n_estimators=10, n_jobs=1).fit(data.x, data.three)
    yield XGBRegressor(n_estimators=10, booster="gblinear", n_jobs=1).fit(data.x, data.value)
    yield XGBRegressor(n_estimators=10, missing=-1.0, n_jobs=1).fit(data.x, data.value)
    yield to_onnx(LogisticRegression().fit(data.x, data.two), data.x[:1], options={"zipmap": False})


def test_stored_models_answer_as_live_ones(data):
    for model in models(data):
        native = Catalogue().native(*Catalogue().encode(model))
        live = native_call(model, 1) or (lambda rows, model=model: model.predict(rows))
        for size in (1, 7, 256):
            np.testing.assert_array_equal(stored_call(native, 1)(data.x[:size]), live(data.x[:size]))


@pytest.mark.parametrize("kind", [LGBMClassifier, XGBClassifier])
def test_neither_the_package_nor_pandas_nor_scikit_learn_is_imported(data, tmp_path, kind):
    blobs = MemoryBlobs()
    extract_value(blobs, put_value(blobs, kind(n_estimators=3, n_jobs=1).fit(data.x, data.two)), tmp_path / "model")
    code = f"""
import sys
from pathlib import Path
import numpy as np
from loopwright.formats.value import load_native
from loopwright.serving.native.stored import stored_call
print(stored_call(load_native(Path({str(tmp_path / "model")!r})), 1)(np.zeros((1, 6))))
heavy = {{"pandas", "sklearn", "scipy", "lightgbm", "xgboost", "polars"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_a_file_that_the_library_cannot_read_is_refused(library):
    with pytest.raises(ArmFailedError, match="refused"):
        stored_call(NativeModel(library=library, data=b"nonsense"), 1)


def test_another_library_is_not_known():
    with pytest.raises(UnsupportedValueError):
        stored_call(NativeModel(library="catboost", data=b""), 1)
