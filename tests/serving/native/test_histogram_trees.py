"""scikit-learn's histogram gradient boosting: the same bits as its own methods."""

import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from loopwright.serving.native import histogram_trees
from loopwright.serving.native.histogram_trees import histogram_tree_call

SMALL = {"max_iter": 12, "early_stopping": False}


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("target", ["two", "three"])
def test_classifiers(data, data_with_nulls, same, target, nulls):
    rows = data_with_nulls if nulls else data
    same(HistGradientBoostingClassifier(**SMALL).fit(rows.x, getattr(rows, target)), nulls=nulls)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_regressions(data, same, loss):
    same(HistGradientBoostingRegressor(**SMALL, loss=loss).fit(data.x, data.value), nulls=True)


def test_a_link_is_undone(data, same):
    same(HistGradientBoostingRegressor(**SMALL, loss="poisson").fit(data.x, abs(data.value)))


def test_one_tree_needs_no_other_above_it(data, same):
    same(HistGradientBoostingRegressor(max_iter=1).fit(data.x, data.value))


def test_categories_are_told_apart_as_in_training(data, same):
    model = HistGradientBoostingClassifier(**SMALL, categorical_features=[5])
    same(model.fit(abs(data.x.round()) % 7, data.two), nulls=True)


def test_many_rows_are_answered_tree_by_tree(data, same, monkeypatch):
    monkeypatch.setattr(histogram_trees, "_MOST_CELLS", 500)
    same(HistGradientBoostingClassifier(**SMALL).fit(data.x, data.three))


def test_other_models_are_not_its():
    assert histogram_tree_call(object(), 1) is None
