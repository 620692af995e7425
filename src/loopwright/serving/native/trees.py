"""scikit-learn's trees, forests and gradient boosting: all trees of a model in one compiled loop.

The loop is the one that the library runs for gradient boosting. It takes trees with one value a leaf, so a classifier's
tree enters once a class, with the shares of that class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loopwright.serving.native.rows_call import RowsCall

_TREES = "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor"
_FORESTS = "ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor"
_BOOSTED = "GradientBoostingClassifier GradientBoostingRegressor"
Finish = Callable[[np.ndarray], np.ndarray]


def tree_call(model: Any) -> RowsCall | None:
    """The call for a tree or an ensemble of trees with one target; None for anything else."""
    name = type(model).__name__
    if name in _BOOSTED.split():
        return _boosted(model)
    if name not in (_TREES + " " + _FORESTS).split() or model.n_outputs_ != 1:
        return None
    trees = [model] if name in _TREES.split() else list(model.estimators_)
    columns = _columns_of(model)
    stages = np.array([[_Stage(tree_=_of_class(tree.tree_, c)) for c in columns] for tree in trees], dtype=object)
    return _summed(stages, start=np.zeros(len(columns)), rate=1.0, finish=_mean_of(len(trees)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What the compiled loop wants of an estimator."""

    tree_: Any


def _columns_of(model: Any) -> Sequence[int]:
    """The places of a leaf's values that are answered: the second of two classes, else all."""
    classes = int(getattr(model, "n_classes_", 1))
    return [1] if classes == 2 else range(classes)


def _of_class(tree: Any, column: int) -> Any:
    """The tree with one value a leaf."""
    from sklearn.tree._tree import Tree

    state = tree.__getstate__()
    if state["values"].shape[1:] == (1, 1):
        return tree
    made = Tree(tree.n_features, np.array([1], dtype=np.intp), 1)
    made.__setstate__(state | {"values": np.ascontiguousarray(state["values"][:, :, [column]])})
    return made


def _mean_of(trees: int) -> Finish:
    def finish(summed: np.ndarray) -> np.ndarray:
        if trees > 1:
            summed /= trees
        return summed[:, 0] if summed.shape[1] == 1 else summed

    return finish


def _boosted(model: Any) -> RowsCall | None:
    if model.init_ != "zero" and type(model.init_).__name__ not in ("DummyClassifier", "DummyRegressor"):
        return None
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))[0]
    return _summed(model.estimators_, start=start, rate=model.learning_rate, finish=_answer_of(model))


def _answer_of(model: Any) -> Finish:
    """From the sums to what `predict_proba` or `predict` says of them."""
    if not hasattr(model, "predict_proba"):
        return np.ravel
    loss = model._loss
    if len(model.classes_) == 2:
        return lambda raw: np.asarray(loss.predict_proba(raw.ravel())[:, 1], dtype=np.float64)
    return lambda raw: np.asarray(loss.predict_proba(raw), dtype=np.float64)


def _summed(stages: np.ndarray, *, start: np.ndarray, rate: float, finish: Finish) -> RowsCall:
    from sklearn.ensemble._gradient_boosting import predict_stages

    def call(rows: np.ndarray) -> np.ndarray | None:
        narrow = rows.astype(np.float32)
        if not np.isfinite(narrow).all():
            return None
        raw = np.empty((len(rows), len(start)))
        raw[:] = start
        predict_stages(stages, narrow, rate, raw)
        return finish(raw)

    return call
