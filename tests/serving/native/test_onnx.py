"""ONNX models: what onnxruntime answers for them, as scores."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from loopwright.errors import ModelLoadError
from loopwright.serving.native.onnx import onnx_call

PLAIN = {"zipmap": False}


def converted(model, rows, *, kind=np.float32, **options):
    return to_onnx(model, rows[:1].astype(kind), options=options or PLAIN)


def test_two_classes_give_the_score_of_the_second(data):
    model = LogisticRegression(max_iter=500).fit(data.x, data.two)
    call = onnx_call(converted(model, data.x), 1)
    np.testing.assert_allclose(call(data.x), model.predict_proba(data.x)[:, 1], atol=2e-5)
    assert call(data.x[:1]).shape == (1,)
    assert call(data.x).dtype == np.float64


def test_three_classes_give_a_row_of_probabilities(data):
    model = RandomForestClassifier(10, random_state=0).fit(data.x, data.three)
    call = onnx_call(converted(model, data.x), 1)
    np.testing.assert_allclose(call(data.x), model.predict_proba(data.x), atol=2e-2)
    assert call(data.x[:7]).shape == (7, 3)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_regression_gives_one_value_a_row(data, kind):
    model = LinearRegression().fit(data.x, data.value)
    call = onnx_call(to_onnx(model, data.x[:1].astype(kind)), 1)
    np.testing.assert_allclose(call(data.x), model.predict(data.x), rtol=1e-4, atol=1e-4)
    assert call(data.x[:1]).shape == (1,)


def test_probabilities_as_maps_are_refused_with_the_option_that_helps(data):
    model = LogisticRegression(max_iter=500).fit(data.x, data.two)
    with pytest.raises(ModelLoadError) as caught:
        onnx_call(to_onnx(model, data.x[:1].astype(np.float32)), 1)
    assert "zipmap" in caught.value.fix


def graph(inputs, outputs):
    nodes = [helper.make_node("Identity", [inputs[0].name], [one.name]) for one in outputs]
    made = helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs), opset_imports=[helper.make_opsetid("", 17)]
    )
    made.ir_version = 9
    onnx.checker.check_model(made)
    return made


def table(name, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, [None, 2])


def test_several_inputs_are_refused():
    with pytest.raises(ModelLoadError, match="one table of floats"):
        onnx_call(graph([table("a"), table("b")], [table("c")]), 1)


def test_inputs_that_are_no_floats_are_refused():
    with pytest.raises(ModelLoadError, match="one table of floats"):
        onnx_call(graph([table("a", TensorProto.INT64)], [table("c", TensorProto.INT64)]), 1)


def test_outputs_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ModelLoadError, match="told to be its scores"):
        onnx_call(graph([table("a")], [table("c"), table("d")]), 1)


def test_an_output_named_probabilities_is_the_one_meant():
    call = onnx_call(graph([table("a")], [table("c"), table("probabilities")]), 1)
    assert call(np.array([[0.25, 0.75]])).tolist() == [0.75]


def test_another_value_is_not_its():
    assert onnx_call(object(), 1) is None
