"""The table that a rule on whole rows compares, from training rows and from logged requests alike."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from loopwright.app.observed import model_columns, scores_of
from loopwright.core.schema import Signature
from loopwright.errors import MissingColumnError
from loopwright.formats.training_set import TrainingSet
from loopwright.monitoring.answer_values import answer_table, label_table
from loopwright.monitoring.reference import label_values
from loopwright.monitoring.rules.confidence_drift import ConfidenceDriftRule
from loopwright.monitoring.rules.embedding_drift import EmbeddingDriftRule
from loopwright.monitoring.rules.row_window import RowWindowRule
from loopwright.monitoring.rules.rows_drift import RowsDriftRule
from loopwright.monitoring.rules.target_drift import TargetDriftRule
from loopwright.monitoring.rules.text_drift import TextDriftRule
from loopwright.monitoring.text_tokens import token_table
from loopwright.stats.arrays import Floats

MOST_DIMENSIONS = 4_096


def training_table(rule: RowWindowRule, rows: TrainingSet, *, answers: Floats, label: np.ndarray) -> pl.DataFrame:
    """The table of training and holdout rows.

    Args:
        rule: Whose table.
        rows: n rows.
        answers: (n,) or (n, n_classes) the model's answers, NaN where it has learned from the row.
        label: (n,) values of the signature's classes, or numbers.

    Raises:
        MissingColumnError: The rows lack a column that the rule names.
    """
    signature = rows.signature
    if isinstance(rule, TextDriftRule):
        return token_table(_texts(_named(rows.about, rule.column, rule)), rule.grams)
    if isinstance(rule, ConfidenceDriftRule):
        return answer_table(answers, signature.task)
    if isinstance(rule, TargetDriftRule):
        return label_table(label_values(label, signature.task, signature.classes), signature.task, signature.classes)
    names = feature_names(rule, signature)
    lost = [name for name in names if name not in rows.features.columns]
    if len(names) == 1 and lost:
        return list_table(_named(rows.about, names[0], rule))
    if lost:
        raise _missing(rule, ", ".join(lost))
    return rows.features.select(names)


def logged_table(
    rule: RowWindowRule, rows: pl.DataFrame, signature: Signature, *, columns: Sequence[str]
) -> pl.DataFrame:
    """The table of logged requests; a column that they lack has no values.

    Args:
        rule: Whose table.
        rows: Answered requests; with `label` where the rule is about labels.
        signature: The model's contract.
        columns: Of the reference's table, which this one has, too.
    """
    if isinstance(rule, TextDriftRule):
        return token_table(logged_texts(rows, rule.column), rule.grams)
    if isinstance(rule, ConfidenceDriftRule):
        return answer_table(scores_of(rows, signature), signature.task)
    if isinstance(rule, TargetDriftRule):
        values = label_values(rows["label"].to_numpy(), signature.task, signature.classes)
        return label_table(values, signature.task, signature.classes)
    names = feature_names(rule, signature)
    if len(names) == 1 and names[0] not in {column.name for column in signature.features}:
        return list_table(_logged(rows, names[0]), dimensions=len(columns))
    return pl.DataFrame(model_columns(rows, signature)).select(names)


def logged_texts(rows: pl.DataFrame, column: str) -> list[str | None]:
    """The texts of logged requests as they came; None where there was none."""
    return _texts(_logged(rows, column))


def feature_names(rule: RowWindowRule, signature: Signature) -> tuple[str, ...]:
    """The columns that a rule on features compares."""
    named = rule.columns if isinstance(rule, RowsDriftRule | EmbeddingDriftRule) else None
    if named is not None:
        return named
    every = isinstance(rule, RowsDriftRule) and rule.method == "classifier"
    return tuple(column.name for column in signature.features if every or column.kind != "category")


def list_table(values: pl.Series, *, dimensions: int | None = None) -> pl.DataFrame:
    """(n_rows, n_dimensions) a column of lists as a table; rows of another length, or none, have no values.

    Args:
        values: Lists of numbers.
        dimensions: How many there are; the commonest length where None.
    """
    series = values.cast(pl.List(pl.Float64), strict=False) if isinstance(values.dtype, pl.List | pl.Array) else None
    if series is None:
        series = pl.Series([None] * values.len(), dtype=pl.List(pl.Float64))
    lengths = series.list.len()
    if dimensions is None:
        commonest = lengths.drop_nulls().mode().sort()
        dimensions = min(int(commonest[-1]), MOST_DIMENSIONS) if commonest.len() else 1
    made = np.full((series.len(), dimensions), np.nan)
    fit = (lengths == dimensions).fill_null(value=False).to_numpy()
    if fit.any():
        made[fit] = series.filter(fit).explode().to_numpy().reshape(-1, dimensions)
    return pl.DataFrame(made, schema=[f"{values.name}[{place}]" for place in range(dimensions)])


def _named(table: pl.DataFrame, column: str, rule: RowWindowRule) -> pl.Series:
    if column not in table.columns:
        raise _missing(rule, column)
    return table[column]


def _missing(rule: RowWindowRule, column: str) -> MissingColumnError:
    return MissingColumnError(
        f"{rule.name} names {column}, which the training rows do not have",
        fix="Correct the name in the loop file, and train again.",
    )


def _logged(rows: pl.DataFrame, column: str) -> pl.Series:
    for place in ("inputs", "features"):
        kind = rows.schema.get(place)
        if isinstance(kind, pl.Struct) and column in {field.name for field in kind.fields}:
            return rows[place].struct.field(column)
    return pl.Series(column, [None] * rows.height, dtype=pl.String)


def _texts(values: pl.Series) -> list[str | None]:
    return values.cast(pl.String, strict=False).to_list()
