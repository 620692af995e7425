"""Columns that know the answer too well to be honest. They are reported, never dropped: only a person can tell."""

import re
from dataclasses import dataclass

import polars as pl

from loopwright.core.schema import Task

_PERFECT = 0.995
_SAMPLE = 100_000
_BINS = 50
_MIN_ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One suspicion.

    Attributes:
        column: The column.
        reason: What is suspicious, in words; the column's name is not repeated in it.
        strength: How well the column alone tells the target, 0.5 or 0 (nothing) to 1 (all); None for a name.
    """

    column: str
    reason: str
    strength: float | None = None


def leaks(frame: pl.DataFrame, target: str, *, task: Task, columns: list[str]) -> tuple[Leak, ...]:
    """Columns that alone tell the target almost perfectly, or whose name repeats it.

    Binary: AUC (Mann-Whitney) of the values or of their absence, at least 0.995. Regression: absolute Spearman
    correlation, at least 0.995. Multiclass, and categories: the share of rows that the most frequent class of each
    level (50 quantile bins for numbers) gets right, at least 0.995, where that beats the most
    frequent class alone.

    Args:
        frame: (n_rows, n_columns); a seeded sample of 100,000 rows is looked at.
        target: The target column; rows without it are left out.
        task: What is predicted.
        columns: The columns to look at.
    """
    rows = frame.filter(pl.col(target).is_not_null())
    rows = rows.sample(_SAMPLE, seed=0) if rows.height > _SAMPLE else rows
    found = []
    for column in columns:
        leak = _by_name(column, target) or (
            _by_value(rows, column, target, task=task) if rows.height >= _MIN_ROWS else None
        )
        found += [leak] if leak else []
    return tuple(found)


def _by_name(column: str, target: str) -> Leak | None:
    one, other = (re.sub(r"[^a-z0-9]", "", name.lower()) for name in (column, target))
    if len(other) >= 4 and other in one:
        return Leak(column=column, reason="its name repeats the target's")
    return None


def _by_value(rows: pl.DataFrame, column: str, target: str, *, task: Task) -> Leak | None:
    values, label = rows[column], rows[target]
    numeric = values.dtype.is_numeric() or values.dtype == pl.Boolean or values.dtype.is_temporal()
    if task == "regression":
        return _regression(values, label) if numeric else None
    if task == "binary":
        positive = label == label.drop_nulls().unique().sort()[-1]
        absent = _auc(values.is_null().cast(pl.Float64), positive)
        if absent >= _PERFECT:
            return Leak(column=column, reason="whether it is missing tells the target", strength=absent)
        if numeric:
            auc = _auc(_number(values), positive)
            return (
                Leak(column=column, reason=f"alone it has an AUC of {auc:.3f}", strength=auc)
                if auc >= _PERFECT
                else None
            )
    return _purity(values, label, numeric=numeric)


def _number(values: pl.Series) -> pl.Series:
    return values.to_physical().cast(pl.Float64).fill_nan(None)


def _auc(score: pl.Series, positive: pl.Series) -> float:
    """max(AUC, 1 - AUC) over rows that have a value; 0.5 where one class is missing there."""
    here = score.is_not_null()
    score, positive = score.filter(here), positive.filter(here)
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if min(n_positive, n_negative) == 0:
        return 0.5
    mean_rank = float(score.rank("average").filter(positive).mean() or 0.0)  # type: ignore[arg-type]
    auc = (mean_rank - (n_positive + 1) / 2) / n_negative
    return max(auc, 1 - auc)


def _regression(values: pl.Series, label: pl.Series) -> Leak | None:
    both = pl.DataFrame({"x": _number(values), "y": _number(label)}).drop_nulls()
    if both.height < _MIN_ROWS or both["x"].n_unique() < 3:
        return None
    found = both.select(pl.corr("x", "y", method="spearman")).item()
    strength = abs(found) if found is not None else 0.0
    if not strength >= _PERFECT:
        return None
    return Leak(column=values.name, reason=f"its rank correlation with the target is {found:.3f}", strength=strength)


def _purity(values: pl.Series, label: pl.Series, *, numeric: bool) -> Leak | None:
    level = _number(values).rank("dense").alias("level") if numeric else values.cast(pl.String).alias("level")
    if numeric and level.n_unique() > _BINS:
        level = (_number(values).rank("average") * (_BINS / len(values))).floor().alias("level")
    if level.n_unique() > len(values) / 10:
        return None
    counts = pl.DataFrame([level, label.alias("label")]).group_by("level", "label").len()
    right = float(counts.group_by("level").agg(pl.col("len").max())["len"].sum()) / len(values)
    base = float(counts.group_by("label").agg(pl.col("len").sum())["len"].max() or 0) / len(values)  # type: ignore[arg-type]
    if right < _PERFECT or right - base < (1 - base) / 2:
        return None
    return Leak(column=values.name, reason=f"alone it tells {right:.1%} of the rows", strength=right)
