"""scikit-learn's histogram gradient boosting: all trees of a model in one compiled call.

The library calls each tree by itself, which costs more than the tree where rows are few. Here the trees hang below one
more tree that tells them apart by an extra column, and each row is asked once for every tree.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.serving.native.rows_call import RowsCall

_MOST_CELLS = 1 << 18  # above, the copies of the rows cost more than the calls


def histogram_tree_call(model: Any, threads: int) -> RowsCall | None:
    """The call for a HistGradientBoosting model; None for anything else."""
    if type(model).__name__ not in ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"):
        return None
    forest = _Forest(model, threads)
    finish = _answer_of(model)
    prepare: Callable[[np.ndarray], np.ndarray] = (
        (lambda rows: rows) if model._preprocessor is None else (lambda rows: model._preprocess_X(rows, reset=False))
    )
    return lambda rows: finish(forest.sums(prepare(rows)))


def _answer_of(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    loss = model._loss
    if not hasattr(model, "predict_proba"):
        return lambda raw: np.asarray(loss.link.inverse(raw[:, 0]), dtype=np.float64)
    if len(model.classes_) == 2:
        return lambda raw: np.asarray(loss.predict_proba(raw[:, :1])[:, 1], dtype=np.float64)
    return lambda raw: np.asarray(loss.predict_proba(raw), dtype=np.float64)


class _Forest:
    """All trees of a model as one."""

    def __init__(self, model: Any, threads: int) -> None:
        from sklearn.ensemble._hist_gradient_boosting._predictor import _predict_from_raw_data

        trees = [tree for stage in model._predictors for tree in stage]
        known, places = model._bin_mapper.make_known_categories_bitsets()
        self._ask: Any = _predict_from_raw_data
        self._threads = threads
        self._start = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)
        self._each = trees
        self._trees = len(trees)
        self._nodes, self._sets = _joined(trees, extra_column=len(places))
        self._known = known
        self._places = np.append(places, np.uint32(0)).astype(np.uint32)
        self._own_places = places

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """(n, k) → (n, c) raw predictions, added tree by tree as the library adds them."""
        n, k = rows.shape
        if n * self._trees * (k + 1) > _MOST_CELLS:
            return self._sums_tree_by_tree(rows)
        asked = np.empty((self._trees, n, k + 1))
        asked[:, :, :k] = rows
        asked[:, :, k] = np.arange(self._trees)[:, None]
        answers = np.empty(self._trees * n)
        self._ask(self._nodes, asked.reshape(-1, k + 1), self._sets, self._known, self._places, self._threads, answers)
        classes = len(self._start)
        steps = np.empty((self._trees // classes + 1, n, classes))
        steps[0] = self._start
        steps[1:] = answers.reshape(-1, classes, n).transpose(0, 2, 1)
        return np.asarray(np.add.accumulate(steps, axis=0)[-1])

    def _sums_tree_by_tree(self, rows: np.ndarray) -> np.ndarray:
        made = np.empty((len(rows), len(self._start)), order="F")
        made[:] = self._start
        for number, tree in enumerate(self._each):
            made[:, number % made.shape[1]] += tree.predict(rows, self._known, self._own_places, self._threads)
        return made


def _joined(trees: list[Any], *, extra_column: int) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of all trees below one that sends a row to tree t where the extra column is t, and their bit sets."""
    inner = len(trees) - 1
    sizes = [len(tree.nodes) for tree in trees]
    starts = inner + np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    nodes = np.concatenate([np.zeros(inner, dtype=trees[0].nodes.dtype), *(tree.nodes for tree in trees)])
    _tell_apart(nodes, starts, extra_column)
    set_count = 0
    for tree, start, size in zip(trees, starts.tolist(), sizes, strict=True):
        own = nodes[start : start + size]
        within = own["is_leaf"] == 0
        own["left"][within] += start
        own["right"][within] += start
        own["bitset_idx"] += set_count
        set_count += len(tree.raw_left_cat_bitsets)
    return nodes, np.ascontiguousarray(np.concatenate([tree.raw_left_cat_bitsets for tree in trees]))


def _tell_apart(nodes: np.ndarray, starts: np.ndarray, column: int) -> None:
    """Fill the first nodes: each halves a range of trees until one is left."""
    free = iter(range(len(starts) - 1))

    def root_of(low: int, high: int) -> int:
        if high - low == 1:
            return int(starts[low])
        place, middle = next(free), (low + high) // 2
        node = nodes[place : place + 1]
        node["feature_idx"], node["num_threshold"] = column, middle - 0.5
        node["left"] = root_of(low, middle)
        node["right"] = root_of(middle, high)
        return place

    root_of(0, len(starts))
