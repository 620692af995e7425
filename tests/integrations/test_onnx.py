"""ONNX models come back as they were, from bytes that depend on the model only."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from loopwright.errors import BlobCorruptError, UnsupportedValueError
from loopwright.formats.catalogue import Catalogue

onnx = pytest.importorskip("onnx")
skl2onnx = pytest.importorskip("skl2onnx")
X = np.random.default_rng(0).normal(size=(30, 3))


def converted():
    return skl2onnx.to_onnx(LinearRegression().fit(X, X[:, 0] * 2), X[:1])


def test_a_model_comes_back() -> None:
    model = converted()
    label, files = Catalogue().encode(model)
    assert label == "onnx/1"
    assert Catalogue().decode(label, files) == model
    assert Catalogue().encode(Catalogue().decode(label, files)) == (label, files)


def test_its_native_form_is_the_file_itself() -> None:
    native = Catalogue().native(*Catalogue().encode(converted()))
    assert native is not None
    assert onnx.ModelProto.FromString(native.data) == converted()


def test_weights_outside_of_the_model_are_refused() -> None:
    model = converted()
    weights = onnx.numpy_helper.from_array(np.zeros(3), name="w")
    weights.external_data.add(key="location", value="elsewhere.bin")
    model.graph.initializer.append(weights)
    with pytest.raises(UnsupportedValueError, match="could not be stored"):
        Catalogue().encode(model)


def test_damaged_bytes_are_reported() -> None:
    label, _ = Catalogue().encode(converted())
    with pytest.raises(BlobCorruptError):
        Catalogue().decode(label, {"model.onnx": b"nonsense"})


def test_other_values_of_its_packages_are_not_taken() -> None:
    with pytest.raises(UnsupportedValueError):
        Catalogue().encode(converted().graph)
