"""Answers and labels as the few numbers a row that are watched of them."""

from typing import TYPE_CHECKING

import numpy as np

from loopwright.core.schema import Task
from loopwright.stats.arrays import Floats, floats

if TYPE_CHECKING:
    import polars as pl

CONFIDENCE, ENTROPY, ANSWER = "(confidence)", "(entropy)", "(prediction)"
LABEL = "(label)"
_LEAST = 1e-12


def answer_table(scores: Floats, task: Task) -> "pl.DataFrame":
    """How sure each answer is; NaN where there is none.

    Args:
        scores: (n_rows,) or (n_rows, n_classes) as the model answers.
        task: The model's.

    Returns:
        n_rows rows. Of a classification `(confidence)`, the probability of the answered class, and `(entropy)` of the
        probabilities, as a share of the most there can be; of two classes and of a regression `(prediction)`, too.
    """
    import polars as pl

    scores = floats(scores)
    if task == "regression":
        return pl.DataFrame({ANSWER: scores})
    chances = np.column_stack((1.0 - scores, scores)) if scores.ndim == 1 else scores
    chances = np.clip(chances, 0.0, 1.0)
    entropy = -(chances * np.log(np.maximum(chances, _LEAST))).sum(axis=1) / np.log(chances.shape[1])
    table = {CONFIDENCE: chances.max(axis=1), ENTROPY: entropy}
    return pl.DataFrame(table | ({ANSWER: scores} if scores.ndim == 1 else {}))


def label_table(values: Floats, task: Task, classes: tuple[str | int | bool, ...]) -> "pl.DataFrame":
    """Labels as columns of numbers.

    Args:
        values: (n_rows,) as `monitoring.reference.label_values` gives them.
        task: The model's.
        classes: Of a classification.

    Returns:
        n_rows rows: `(label)`, or for several classes one column each of 0 and 1.
    """
    import polars as pl

    values = floats(values)
    if task != "multiclass":
        return pl.DataFrame({LABEL: values})
    return pl.DataFrame(
        {f"{LABEL[:-1]} {name})": (values == code).astype(np.float64) for code, name in enumerate(classes)}
    )
