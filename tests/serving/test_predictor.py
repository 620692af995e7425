import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from loopwright.serving.predictor import matrix, predict, predictor, remembered

COLUMNS = {"b": np.array([1, -1], np.int32), "a": np.array([0.5, np.nan])}


def test_columns_keep_their_order_and_their_nulls():
    np.testing.assert_array_equal(matrix(COLUMNS), [[1.0, 0.5], [-1.0, np.nan]])


def test_predict_is_what_a_loops_own_function_builds_on(model):
    trained = model("binary", "lightgbm")
    columns = {"carrier": np.array([0, 1]), "distance": np.array([100.0, 2000.0])}
    np.testing.assert_allclose(predict(trained, columns)["score"], trained.predict_proba(matrix(columns))[:, 1])


class Moody:
    """Raises when it is asked again."""

    def __init__(self):
        self.asked = []

    def predict(self, given):
        self.asked.append(type(given).__name__)
        if len(self.asked) > 1:
            raise ValueError("no more")
        return LinearRegression().fit([[0.0, 0.0], [1.0, 1.0]], [0.0, 1.0]).predict(np.nan_to_num(given))


def test_a_failure_after_the_first_answer_is_the_models_own():
    call = predictor(moody := Moody())
    call(COLUMNS)
    with pytest.raises(ValueError, match="no more"):
        call(COLUMNS)
    assert moody.asked == ["ndarray", "ndarray"]


def test_importing_it_loads_no_table_library():
    code = "import sys, loopwright.serving.predictor; assert 'polars' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_served_models_call_is_compiled_once_for_its_own_code(model, monkeypatch):
    made = []
    monkeypatch.setattr("loopwright.serving.predictor.native_call", lambda *given: made.append(given))
    trained, columns = model("binary"), {"carrier": np.array([0, 1]), "distance": np.array([100.0, 2000.0])}
    call = remembered(trained, lambda given: predict(trained, given), threads=2)
    first = call(columns)["score"].tolist()
    assert call(columns)["score"].tolist() == first
    assert made == [(trained, 2)]
    del call
    predict(trained, columns)
    assert made == [(trained, 2), (trained, 1)]
