"""Models of each task and library answer from an extracted bundle, or say why not."""

import numpy as np
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from loopwright.errors import ArmFailedError, ModelLoadError
from loopwright.serving.model import Model

COLUMNS = {"carrier": np.array([0, 1, -1], np.int32), "distance": np.array([100.0, 1500.0, 2900.0])}
MATRIX = np.column_stack([COLUMNS["carrier"], COLUMNS["distance"]]).astype(float)


@pytest.mark.parametrize("library", ["sklearn", "lightgbm"])
def test_a_binary_model_gives_the_probability_of_the_second_class(extracted, signature, model, library):
    trained = model("binary", library)
    out = Model.load(extracted(trained, signature("binary"))).predict(COLUMNS)
    np.testing.assert_allclose(out["score"], trained.predict_proba(MATRIX)[:, 1], rtol=1e-12)
    assert out["label"].tolist() == trained.predict(MATRIX).tolist()


@pytest.mark.parametrize("library", ["sklearn", "lightgbm"])
def test_a_multiclass_model_gives_a_row_of_probabilities(extracted, signature, model, library):
    trained = model("multiclass", library)
    out = Model.load(extracted(trained, signature("multiclass"))).predict(COLUMNS)
    np.testing.assert_allclose(out["probabilities"], trained.predict_proba(MATRIX), rtol=1e-12)
    assert out["label"].tolist() == trained.predict(MATRIX).tolist()


def test_a_regression_gives_the_value(extracted, signature, model):
    trained = model("regression")
    out = Model.load(extracted(trained, signature("regression"))).predict(COLUMNS)
    np.testing.assert_allclose(out["score"], trained.predict(MATRIX))
    assert set(out) == {"score"}


def test_a_model_that_insists_on_names_is_given_a_table(extracted, signature):
    frame = pl.DataFrame({"carrier": [0, 1, 0, 1], "distance": [1.0, 2.0, 3.0, 4.0]})
    scaler = ColumnTransformer([("scale", StandardScaler(), ["distance"])], remainder="passthrough")
    trained = make_pipeline(scaler, LogisticRegression()).fit(frame, [False, False, True, True])
    loaded = Model.load(extracted(trained, signature("binary")))
    out = loaded.predict(COLUMNS)
    assert out["score"].tolist() == trained.predict_proba(pl.DataFrame(COLUMNS))[:, 1].tolist()


def test_a_classifier_without_probabilities_gives_certainties(extracted, signature):
    trained = LinearSVC().fit([[0, 1.0], [1, 2], [0, 3], [1, 4]], [False, False, True, True])
    out = Model.load(extracted(trained, signature("binary"))).predict(COLUMNS)
    assert set(out["score"].tolist()) <= {0.0, 1.0}
    assert out["label"].tolist() == trained.predict(MATRIX).tolist()


def test_a_bundle_may_answer_with_its_own_function(extracted, signature, model):
    code = """
from loopwright.serving.predictor import predict as usual

def predict(model, columns):
    return {"score": 1 - usual(model, columns)["score"]}
"""
    trained = model("binary")
    out = Model.load(extracted(trained, signature("binary"), code=code)).predict(COLUMNS)
    np.testing.assert_allclose(out["score"], trained.predict_proba(MATRIX)[:, 0])


def test_two_bundles_with_modules_of_one_name_answer_each_with_its_own(extracted, signature, model):
    code = "import numpy as np\ndef predict(model, columns): return {'score': np.full(len(columns['carrier']), %s)}"
    first = Model.load(extracted(model("binary"), signature("binary"), code=code % 0.25))
    second = Model.load(extracted(model("binary"), signature("binary"), code=code % 0.75))
    assert first.predict(COLUMNS)["score"].tolist() == [0.25] * 3
    assert second.predict(COLUMNS)["score"].tolist() == [0.75] * 3


@pytest.mark.parametrize(
    "answer",
    ["{'score': ['x']}", "{'score': np.zeros(9)}", "{}", "{'score': np.full(1, np.nan)}", "{'score': np.full(1, 7.0)}"],
)
def test_a_model_whose_example_has_a_wrong_answer_does_not_load(extracted, signature, model, answer):
    code = f"import numpy as np\ndef predict(model, columns): return {answer}"
    with pytest.raises(ModelLoadError, match="fails on its own example"):
        Model.load(extracted(model("binary"), signature("binary"), code=code))


def test_a_wrong_answer_later_is_a_failure_of_the_arm(extracted, signature, model):
    code = "import numpy as np\ndef predict(model, columns): return {'score': np.zeros(1)}"
    loaded = Model.load(extracted(model("binary"), signature("binary"), code=code))
    with pytest.raises(ArmFailedError) as caught:
        loaded.predict(COLUMNS)
    assert caught.value.context["cause"] == "shape"


def test_code_that_calls_exit_does_not_end_the_process(extracted, signature, model):
    code = "import sys\ndef predict(model, columns): sys.exit(3)"
    with pytest.raises(ModelLoadError, match="fails on its own example"):
        Model.load(extracted(model("binary"), signature("binary"), code=code))


def test_an_example_outside_the_contract_does_not_load(extracted, signature, model):
    with pytest.raises(ModelLoadError, match="fails on its own example"):
        Model.load(extracted(model("binary"), signature("binary"), distance=-5))


def test_a_missing_module_is_named(extracted, signature, model):
    with pytest.raises(ModelLoadError) as caught:
        Model.load(extracted(model("binary"), signature("binary"), code="import a_package_that_is_not_here"))
    assert "a_package_that_is_not_here" in caught.value.why


def test_a_folder_without_a_bundle_does_not_load(tmp_path):
    with pytest.raises(ModelLoadError):
        Model.load(tmp_path)


def test_a_damaged_model_file_does_not_load(extracted, signature, model):
    folder = extracted(model("binary"), signature("binary"))
    for path in (folder / "parts" / "model").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    with pytest.raises(ModelLoadError):
        Model.load(folder)


@pytest.mark.parametrize(
    ("task", "library"),
    [("binary", "sklearn"), ("binary", "lightgbm"), ("multiclass", "sklearn"), ("multiclass", "lightgbm"),
     ("regression", "sklearn")],
)  # fmt: skip
def test_a_matrix_is_answered_as_its_columns_are(extracted, signature, model, task, library):
    loaded = Model.load(extracted(model(task, library), signature(task)))
    (from_columns,) = loaded.raw(COLUMNS).values()
    np.testing.assert_array_equal(loaded.of_matrix(MATRIX), from_columns)


def test_code_of_its_own_takes_no_matrix(extracted, signature, model):
    code = "import numpy as np\ndef predict(model, columns): return {'score': np.full(len(columns['carrier']), 0.5)}"
    assert Model.load(extracted(model("binary"), signature("binary"), code=code)).of_matrix is None


def test_a_model_that_insists_on_names_takes_no_matrix(extracted, signature):
    frame = pl.DataFrame({"carrier": [0, 1, 0, 1], "distance": [1.0, 2.0, 3.0, 4.0]})
    scaler = ColumnTransformer([("scale", StandardScaler(), ["distance"])], remainder="passthrough")
    trained = make_pipeline(scaler, LogisticRegression()).fit(frame, [False, False, True, True])
    assert Model.load(extracted(trained, signature("binary"))).of_matrix is None
