"""Can a classifier tell the texts of the window from those of the reference, by their hashed n-grams?

Naive Bayes over which n-grams a text has (McCallum and Nigam 1998), fitted on part of the texts and judged on the
others; each text's log odds are divided by its number of n-grams, so that long texts do not decide.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.monitoring.detectors.domain_classifier import auc_measured
from loopwright.monitoring.detectors.row_measure import Measured
from loopwright.monitoring.text_tokens import BUCKETS, TOKENS
from loopwright.stats.arrays import Bools, Floats
from loopwright.stats.exchangeability import Side

if TYPE_CHECKING:
    import polars as pl

_FOLDS = 5
_NAMED = 20


class TextClassifier:
    """Satisfies `RowMeasure` for tables of `tokens`; the effect is the cross-fitted AUC above one half."""

    name = "text"
    scale = "AUC above 0.5"
    least_effect = 0.05
    most_windows = 200

    def sides(self, columns: tuple[str, ...]) -> Mapping[str, Side]:  # noqa: ARG002 - all n-grams make one figure
        """One figure; only a high AUC is a change."""
        return {"auc": "high"}

    def measure(self, base: "pl.DataFrame", window: "pl.DataFrame", *, explain: bool) -> Measured:
        """See `RowMeasure`; what is named are buckets, `details["buckets"]`: [bucket, share now, share before]."""
        import polars as pl

        tokens = pl.concat([base[TOKENS], window[TOKENS]])
        rows = _presence(tokens)
        current = np.arange(tokens.len()) >= base.height
        fold = np.arange(tokens.len()) % _FOLDS
        scores = np.zeros(tokens.len())
        for number in range(_FOLDS):
            held = fold == number
            scores[held] = _scores(rows[held], _log_odds(rows[~held], current[~held]))
        measured = auc_measured(current, scores, explain=explain, columns=())
        if not explain:
            return measured
        return Measured(
            figures=measured.figures,
            effect=measured.effect,
            p_value=measured.p_value,
            details=measured.details | {"buckets": _separating(rows, current)},
        )


def _presence(tokens: "pl.Series") -> Any:
    """(n_texts, n_buckets) sparse, one where a text has an n-gram of the bucket."""
    from scipy import sparse

    lengths = tokens.list.len().fill_null(0).to_numpy()
    indices = tokens.explode().drop_nulls().to_numpy().astype(np.int32)
    ends = np.concatenate(([0], np.cumsum(lengths)))
    return sparse.csr_matrix((np.ones(len(indices)), indices, ends), shape=(tokens.len(), BUCKETS))


def _log_odds(rows: Any, current: Bools) -> Floats:
    """(n_buckets,) log odds of the window against the reference, given that a text has the n-gram."""
    here, there = _shares(rows, current), _shares(rows, ~current)
    found: Floats = np.log(here) - np.log(there)
    return found


def _shares(rows: Any, side: Bools) -> Floats:
    """(n_buckets,) share of texts with the n-gram, one text with and one without added."""
    counted = np.asarray(rows[np.flatnonzero(side)].sum(axis=0)).ravel()
    found: Floats = (counted + 1.0) / (float(side.sum()) + 2.0)
    return found


def _scores(rows: Any, log_odds: Floats) -> Floats:
    lengths = np.asarray(rows.sum(axis=1)).ravel()
    found: Floats = np.asarray(rows @ log_odds).ravel() / np.maximum(lengths, 1.0)
    return found


def _separating(rows: Any, current: Bools) -> list[list[float]]:
    """The buckets whose share rose most surely, as [bucket, share in the window, share in the reference]."""
    n, seen = max(float(current.sum()), 1.0), np.asarray(rows[np.flatnonzero(current)].sum(axis=0)).ravel()
    here, there = _shares(rows, current), _shares(rows, ~current)
    surely = (here - there) / (np.sqrt(there * (1 - there) / n) + 1.0 / n)
    order = np.argsort(np.where(seen > 1, -surely, 0.0), kind="stable")[:_NAMED]
    return [
        [int(i), round(float(here[i]), 4), round(float(there[i]), 4)] for i in order if surely[i] > 0 and seen[i] > 1
    ]
