import numpy as np
import pytest

from loopwright.errors import ArmFailedError
from loopwright.serving.outputs import Score, checked_outputs, outputs_of, with_label

TABLE = np.array([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]])


@pytest.mark.parametrize(
    ("task", "outputs"),
    [
        ("binary", {}),
        ("binary", {"score": np.array(0.5)}),
        ("binary", {"score": np.array([0.5])}),
        ("binary", {"score": np.array([0.5, 0.5, 0.5])}),
        ("binary", {"score": np.array([[0.5], [0.5]])}),
        ("binary", {"score": np.array([0.5, np.nan])}),
        ("binary", {"score": np.array([0.5, 1.1])}),
        ("binary", {"score": np.array([-0.1, 0.5])}),
        ("binary", {"score": np.array(["a", "b"])}),
        ("binary", {"score": np.array([True, False])}),
        ("binary", {"score": np.array([None, 0.5], dtype=object)}),
        ("multiclass", {"score": np.array([0.5, 0.5])}),
        ("multiclass", {"probabilities": TABLE[:, :2]}),
        ("multiclass", {"probabilities": TABLE[:1]}),
        ("multiclass", {"probabilities": TABLE * np.inf}),
        ("regression", {"score": np.array([1.0, np.inf])}),
    ],
)
def test_an_answer_of_a_wrong_shape_is_a_failure(signature, task, outputs):
    with pytest.raises(ArmFailedError) as caught:
        checked_outputs(signature(task), 2, outputs)
    assert caught.value.context["cause"] == "shape"


@pytest.mark.parametrize(
    ("task", "outputs"),
    [
        ("binary", {"score": np.array([0, 1])}),
        ("multiclass", {"probabilities": TABLE, "more": np.zeros(9)}),
        ("regression", {"score": np.array([-5.0, 1e9], dtype=np.float32)}),
    ],
)
def test_a_good_answer_passes_as_float64_and_alone(signature, task, outputs):
    checked = checked_outputs(signature(task), 2, outputs)
    assert [array.dtype for array in checked.values()] == [np.float64]


def test_labels_and_rows_agree(signature):
    binary = {"score": np.array([0.49, 0.5])}
    assert with_label(signature("binary"), binary)["label"].tolist() == [False, True]
    assert [row.prediction for row in outputs_of(signature("binary"), binary)] == [False, True]
    multi = {"probabilities": TABLE}
    assert with_label(signature("multiclass"), multi)["label"].tolist() == ["b", "a"]
    assert outputs_of(signature("multiclass"), multi)[0].said() == {"prediction": "b", "probabilities": [0.1, 0.7, 0.2]}
    value = {"score": np.array([2.5])}
    assert with_label(signature("regression"), value) == value
    assert outputs_of(signature("regression"), value) == [Score(2.5, 2.5)]
