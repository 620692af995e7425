"""Can a classifier tell the rows of the window from those of the reference? Sees what no single column shows.

Boosted trees are fitted on part of the rows and judged on the others (three folds), so that chance gives an AUC of one
half (Lopez-Paz and Oquab 2017, with the AUC for the accuracy, since the two sides differ in size).
"""

from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.monitoring.detectors.one_thread import one_thread
from loopwright.monitoring.detectors.row_measure import Measured
from loopwright.monitoring.detectors.table_arrays import numbers, ranked
from loopwright.stats.arrays import Bools, Floats
from loopwright.stats.exchangeability import Side
from loopwright.stats.intervals import auc_interval
from loopwright.stats.quality import rank_auc

if TYPE_CHECKING:
    import polars as pl

_FOLDS = 3
_EXPLAINED_ROWS = 1_000


class DomainClassifier:
    """Satisfies `RowMeasure`; the effect is the cross-fitted AUC above one half."""

    name = "classifier"
    scale = "AUC above 0.5"
    least_effect = 0.02
    most_windows = 60

    def sides(self, columns: tuple[str, ...]) -> Mapping[str, Side]:  # noqa: ARG002 - all columns make one figure
        """One figure; only a high AUC is a change."""
        return {"auc": "high"}

    def measure(self, base: "pl.DataFrame", window: "pl.DataFrame", *, explain: bool) -> Measured:
        """See `RowMeasure`; a column's figure is the AUC that is lost where its values are shuffled."""
        rows = np.vstack((numbers(base), numbers(window)))
        current = np.arange(len(rows)) >= base.height
        scores = np.full(len(rows), np.nan)
        fold, lost = _folds(current), np.zeros(rows.shape[1])
        with one_thread():
            for held in (fold == number for number in range(_FOLDS)):
                if len(set(current[~held].tolist())) < 2:
                    return Measured(figures={"auc": float("nan")}, effect=0.0)
                model = _fitted(rows[~held], current[~held])
                scores[held] = _said(model, rows[held])
                if explain:
                    lost += _lost_auc(model, rows[held], current[held]) / _FOLDS
        return auc_measured(current, scores, explain=explain, columns=ranked(window.columns, lost, "auc_lost"))


def auc_measured(current: Bools, scores: Floats, *, explain: bool, columns: tuple[dict[str, Any], ...]) -> Measured:
    """What cross-fitted scores of the rows of both sides come to.

    Args:
        current: (n_rows,) whether a row is of the window.
        scores: (n_rows,) higher for rows that look like the window's; from models that have not seen the row.
        explain: Whether the interval and the p-value are wanted.
        columns: What tells the two apart.
    """
    auc = float(rank_auc(current, scores))
    if not np.isfinite(auc):
        return Measured(figures={"auc": float("nan")}, effect=0.0)
    if not explain:
        return Measured(figures={"auc": auc}, effect=max(auc - 0.5, 0.0))
    span = auc_interval(current, scores, 0.99)
    error = (span.high - span.low) / 2 / NormalDist().inv_cdf(0.995)
    p_value = 1 - NormalDist().cdf((auc - 0.5) / error) if np.isfinite(error) and error > 0 else float(auc <= 0.5)
    return Measured(
        figures={"auc": auc},
        effect=max(auc - 0.5, 0.0),
        p_value=p_value,
        columns=columns,
        details={"auc": auc, "auc_interval": [span.low, span.high] if span.known else None},
    )


def _folds(current: Bools) -> np.ndarray[Any, Any]:
    """(n_rows,) the fold of each row: each side is spread evenly, in an order that chance fixed once."""
    fold = np.empty(len(current), dtype=np.int64)
    rng = np.random.default_rng(0)
    for side in (current, ~current):
        fold[side] = rng.permutation(np.arange(int(side.sum())) % _FOLDS)
    return fold


def _fitted(rows: Floats, current: Bools) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=15, min_samples_leaf=20, early_stopping=False, random_state=0
    )
    return model.fit(rows, current)


def _said(model: Any, rows: Floats) -> Floats:
    said: Floats = model.predict_proba(rows)[:, 1]
    return said


def _lost_auc(model: Any, rows: Floats, current: Bools) -> Floats:
    """(n_columns,) AUC lost on held rows where one column's values are shuffled (Breiman 2001)."""
    rng = np.random.default_rng(0)
    few = rng.permutation(len(rows))[:_EXPLAINED_ROWS]
    rows, current = rows[few], current[few]
    whole, lost = rank_auc(current, _said(model, rows)), np.zeros(rows.shape[1])
    for place in range(rows.shape[1]):
        shuffled = rows.copy()
        shuffled[:, place] = rng.permutation(rows[:, place])
        lost[place] = whole - rank_auc(current, _said(model, shuffled))
    return np.nan_to_num(lost)
