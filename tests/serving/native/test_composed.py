"""Ensembles, stacks and cascades answer what their members' own answers make."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from xgboost import XGBClassifier

from loopwright.errors import ArmFailedError
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.ensembles import Cascade, Ensemble, Stack
from loopwright.serving.native.choose import native_call
from loopwright.serving.native.explained import contributions_of
from loopwright.serving.predictor import score_columns


@pytest.fixture
def members(data):
    return [
        LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(data.x, data.two),
        LogisticRegression(max_iter=900).fit(data.x, data.two),
        KNeighborsClassifier().fit(data.x, data.two),
    ]


def said(members, rows):
    return [member.predict_proba(rows)[:, 1] for member in members]


def test_an_ensemble_is_the_weighted_mean(data, members, same):
    one, two, three = (weight / 6 for weight in (1, 2, 3))

    def expected(rows):
        a, b, c = said(members, rows)
        return one * a + two * b + three * c

    same(Ensemble(members, weights=[1, 2, 3]), reference=expected)


def test_equal_weights_are_the_mean(data, members):
    found = native_call(Ensemble(members), 1)(data.x)
    np.testing.assert_allclose(found, np.mean(said(members, data.x), axis=0))


def test_probabilities_of_several_classes_are_averaged_too(data):
    models = [XGBClassifier(n_estimators=4, n_jobs=1), LogisticRegression(max_iter=900)]
    fitted = [model.fit(data.x, data.three) for model in models]
    found = native_call(Ensemble(fitted), 1)(data.x)
    np.testing.assert_allclose(found, np.mean([model.predict_proba(data.x) for model in fitted], axis=0))


def test_models_that_do_not_answer_alike_fail(data, members):
    other = LogisticRegression(max_iter=900).fit(data.x, data.three)
    with pytest.raises(ArmFailedError) as caught:
        native_call(Ensemble([members[0], other]), 1)(data.x)
    assert caught.value.context["cause"] == "shape"


def test_a_stacks_final_model_sees_the_features_and_the_scores(data, members, same):
    inputs = score_columns(members, data.x)
    np.testing.assert_array_equal(inputs, np.column_stack([data.x, *said(members, data.x)]))
    final = LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(inputs, data.two)
    stack = Stack(members, final)
    same(stack, reference=lambda rows: final.predict_proba(np.column_stack([rows, *said(members, rows)]))[:, 1])


def test_a_cascade_asks_the_second_model_only_where_the_first_is_unsure(data, members, monkeypatch):
    quick, careful = members[1], members[0]
    asked = []
    call = native_call(Cascade(quick, careful, between=(0.3, 0.7)), 1)
    monkeypatch.setattr("loopwright.serving.native.lightgbm.LightGBMCall.__call__", _watched(asked))
    first, second = said([quick, careful], data.x)
    unsure = (first >= 0.3) & (first <= 0.7)
    assert 10 < unsure.sum() < 490
    np.testing.assert_array_equal(call(data.x), np.where(unsure, second, first))
    assert asked == [unsure.sum()]
    sure = data.x[~unsure][:5]
    np.testing.assert_array_equal(call(sure), first[~unsure][:5])
    assert len(asked) == 1


def _watched(asked):
    from loopwright.serving.native.lightgbm import LightGBMCall

    original = LightGBMCall.__call__

    def call(self, rows):
        asked.append(len(rows))
        return original(self, rows)

    return call


def test_a_cascades_first_model_gives_one_score(data, members):
    three = LogisticRegression(max_iter=900).fit(data.x, data.three)
    with pytest.raises(ArmFailedError, match="several probabilities"):
        native_call(Cascade(three, members[0], between=(0, 1)), 1)(data.x)


def test_they_nest_and_answer_the_same_from_their_stored_form(data, members):
    model = Cascade(Ensemble(members[:2]), Stack([members[0]], members[0].__class__(n_estimators=3, verbose=-1).fit(
        score_columns([members[0]], data.x), data.two)), between=(0.2, 0.8))  # fmt: skip
    lean = Catalogue().native(*Catalogue().encode(model))
    np.testing.assert_array_equal(native_call(lean, 1)(data.x), native_call(model, 1)(data.x))


def test_an_ensemble_of_numbers_is_explained_by_its_members(data):
    models = [
        LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1).fit(data.x, data.value),
        LinearRegression().fit(data.x, data.value),
    ]
    ensemble = Ensemble(models, weights=[3, 1])
    terms = contributions_of(ensemble, np.zeros(6))(data.x)
    np.testing.assert_allclose(terms.sum(axis=2)[:, 0], native_call(ensemble, 1)(data.x))
    assert contributions_of(Ensemble([*models, KNeighborsClassifier()]), np.zeros(6)) is None
