"""Explanations add up to the answer, on the scale that they name; what cannot be explained is refused."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from tests.serving.conftest import rows, signature_of
from xgboost import XGBClassifier, XGBRegressor

from loopwright.core.schema import Column, Signature
from loopwright.errors import NotExplainableError
from loopwright.monitoring.reference import build_reference
from loopwright.serving.explain import Explanation, explained, typical_row
from loopwright.serving.model import Model

COLUMNS = {"carrier": np.array([0, 1, -1], np.int32), "distance": np.array([100.0, 1500.0, 2900.0])}
SMALL = {"n_estimators": 8, "n_jobs": 1}
LINKS = {"value": lambda t: t, "log_odds": lambda t: 1 / (1 + np.exp(-t)), "log": np.exp}


def label_of(task):
    _, y = rows()
    return {"binary": y > 1.5, "multiclass": np.clip(y, 0, 2.9).astype(int), "regression": y}[task]


def totals(explanation):
    return explanation.base_value + sum(explanation.contributions.values())


@pytest.mark.parametrize(
    ("task", "model", "scale"),
    [
        ("binary", LGBMClassifier(**SMALL, verbose=-1), "log_odds"),
        ("regression", LGBMRegressor(**SMALL, verbose=-1), "value"),
        ("regression", LGBMRegressor(**SMALL, verbose=-1, objective="poisson"), "log"),
        ("binary", XGBClassifier(**SMALL), "log_odds"),
        ("regression", XGBRegressor(**SMALL), "value"),
        ("regression", XGBRegressor(**SMALL, booster="gblinear"), "value"),
        ("binary", LogisticRegression(max_iter=900), "log_odds"),
        ("binary", make_pipeline(StandardScaler(), LogisticRegression()), "log_odds"),
        ("binary", make_pipeline(StandardScaler(), LGBMClassifier(**SMALL, verbose=-1)), "log_odds"),
        ("regression", LinearRegression(), "value"),
    ],
    ids=lambda value: str(value)[:40].replace("\n", ""),
)
def test_base_and_contributions_add_up_to_the_answer(extracted, task, model, scale):
    x, _ = rows()
    loaded = Model.load(extracted(model.fit(x, label_of(task)), signature_of(task)))
    found = loaded.explain(COLUMNS)
    assert found.scale == scale
    assert list(found.contributions) == ["carrier", "distance"]
    assert all(values.shape == (3, 1) for values in found.contributions.values())
    np.testing.assert_allclose(LINKS[scale](totals(found))[:, 0], loaded.scores(COLUMNS)["score"], rtol=1e-4)


@pytest.mark.parametrize(
    "model", [LGBMClassifier(**SMALL, verbose=-1), XGBClassifier(**SMALL), LogisticRegression(max_iter=900)]
)
def test_several_classes_have_a_margin_each(extracted, model):
    x, _ = rows()
    loaded = Model.load(extracted(model.fit(x, label_of("multiclass")), signature_of("multiclass")))
    found = loaded.explain(COLUMNS)
    assert found.scale == "margin"
    powers = np.exp(totals(found))
    np.testing.assert_allclose(
        powers / powers.sum(axis=1, keepdims=True), loaded.scores(COLUMNS)["probabilities"], rtol=1e-3
    )
    assert len(found.rows()[0]["base_value"]) == 3
    assert len(found.rows()[0]["contributions"]["distance"]) == 3


def test_lightgbms_contributions_are_its_own(extracted):
    x, _ = rows()
    model = LGBMClassifier(**SMALL, verbose=-1).fit(x, label_of("binary"))
    found = Model.load(extracted(model, signature_of("binary"))).explain(COLUMNS)
    asked = np.column_stack(list(COLUMNS.values())).astype(float)
    expected = model.predict(asked, pred_contrib=True)
    np.testing.assert_array_equal(found.contributions["distance"][:, 0], expected[:, 1])
    assert found.base_value[0] == expected[0, 2]


def test_a_linear_model_is_compared_with_the_typical_row_of_its_reference(extracted):
    x, y = rows()
    model = LinearRegression().fit(x, y)
    signature = signature_of("regression")
    assert Model.load(extracted(model, signature)).explain(COLUMNS).base_value[0] == pytest.approx(model.intercept_)
    import polars as pl

    features = pl.DataFrame({"carrier": x[:, 0].astype(np.int32), "distance": x[:, 1]})
    reference = build_reference(features, y, y, event_time=None, signature=signature, quality={})
    typical = typical_row(reference, signature)
    assert typical[1] == pytest.approx(np.median(x[:, 1]), rel=0.12)
    assert typical[0] == float(np.bincount(x[:, 0].astype(int)).argmax())
    loaded = Model.load(extracted(model, signature, reference=reference))
    found = loaded.explain(COLUMNS)
    assert found.base_value[0] == pytest.approx(model.predict(typical[None])[0])
    np.testing.assert_allclose(totals(found)[:, 0], loaded.scores(COLUMNS)["score"])
    np.testing.assert_allclose(
        found.contributions["distance"][:, 0], model.coef_[1] * (COLUMNS["distance"] - typical[1])
    )


@pytest.mark.parametrize("model", [RandomForestClassifier(3), LinearSVC()])
def test_other_models_are_refused_and_answer_as_before(extracted, model):
    x, _ = rows()
    loaded = Model.load(extracted(model.fit(x, label_of("binary")), signature_of("binary")))
    with pytest.raises(NotExplainableError):
        loaded.explain(COLUMNS)
    assert loaded.scores(COLUMNS)["score"].shape == (3,)


def test_a_model_with_code_of_its_own_is_refused(extracted, model):
    code = "import numpy as np\ndef predict(model, columns): return {'score': np.full(len(columns['carrier']), 0.5)}"
    with pytest.raises(NotExplainableError, match="cannot be explained"):
        Model.load(extracted(model("binary", "lightgbm"), signature_of("binary"), code=code)).explain(COLUMNS)


SIGNATURE = Signature(
    task="binary", request=(), features=(Column(name="a", kind="float"), Column(name="b", kind="int"))
)


def test_terms_that_add_up_to_something_else_are_refused():
    terms = np.array([[[0.1, 0.2, 0.3]]])
    assert explained(terms, np.array([0.6]), SIGNATURE).scale == "probability"
    with pytest.raises(NotExplainableError, match="cannot be explained"):
        explained(terms, np.array([0.9]), SIGNATURE)


def test_rows_are_plain_json():
    found = explained(np.array([[[0.1, 0.2, 0.3]], [[0.0, 0.0, 0.3]]]), np.array([0.6, 0.3]), SIGNATURE)
    assert found.rows()[1] == {"scale": "probability", "base_value": 0.3, "contributions": {"a": 0.0, "b": 0.0}}


def test_it_comes_back_from_another_process():
    found = explained(np.array([[[0.1, 0.2, 0.3]]]), np.array([0.6]), SIGNATURE)
    back = Explanation.unpacked(found.packed(), SIGNATURE, 1)
    assert back.rows() == found.rows()
    with pytest.raises(ValueError, match="for 2 rows"):
        Explanation.unpacked(found.packed(), SIGNATURE, 2)
