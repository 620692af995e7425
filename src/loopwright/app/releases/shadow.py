"""What a shadow answered to copies of requests, beside what the champion answered to the requests themselves."""

import numpy as np
import numpy.typing as npt
import polars as pl

from loopwright.core.schema import Task
from loopwright.observations.arm_stats import ArmTotals, from_requests, totals

Truths = npt.NDArray[np.bool_]
SAME_WITHIN = 0.01
"""Two numbers are the same answer where they differ by at most this part of the champion's."""


def copies(rows: pl.DataFrame, arm: str) -> pl.DataFrame:
    """The rows of a shadow's copies."""
    return rows.filter(pl.col("shadow_of").is_not_null() & (pl.col("arm") == arm)) if rows.height else rows


def copied_totals(copied: pl.DataFrame) -> ArmTotals:
    """Counts of a shadow's copies, which no worker counts as requests."""
    if not copied.height:
        return ArmTotals()
    return next(iter(totals(from_requests(copied.with_columns(pl.lit(None).alias("shadow_of")))).values()))


def beside(copied: pl.DataFrame, answered: pl.DataFrame) -> pl.DataFrame:
    """Copies that were answered, each with the answer that somebody was given.

    Args:
        copied: Rows of copies.
        answered: Rows of requests, those that were copied among them.

    Returns:
        The columns of `copied`, and `their_score`, `their_output`, `their_latency_us`, `their_version`.
    """
    if not copied.height or not answered.height:
        return pl.DataFrame()
    theirs = answered.filter((pl.col("status") == 200) & pl.col("shadow_of").is_null()).select(
        pl.col("request_id").alias("shadow_of"),
        pl.col("score").alias("their_score"),
        pl.col("output").alias("their_output"),
        pl.col("latency_us").alias("their_latency_us"),
        pl.col("version").alias("their_version"),
    )
    return copied.filter(pl.col("status") == 200).join(theirs, on="shadow_of", how="inner", maintain_order="left")


def agreement(task: Task, pairs: pl.DataFrame) -> Truths:
    """`(n,)` whether both versions gave the same answer: the same class, or a number within 1 %."""
    if not pairs.height:
        return np.empty(0, bool)
    if task == "regression":
        numbers = [pairs[name].cast(pl.Float64).to_numpy() for name in ("score", "their_score")]
        near: Truths = np.abs(numbers[0] - numbers[1]) <= SAME_WITHIN * np.abs(numbers[1])
        return near
    same: Truths = (_answer(pairs["output"]) == _answer(pairs["their_output"])).fill_null(value=False).to_numpy()
    return same


def _answer(output: pl.Series) -> pl.Series:
    """The class that was answered, as text."""
    if isinstance(output.dtype, pl.Struct) and "prediction" in output.struct.fields:
        return output.struct.field("prediction").cast(pl.String)
    return pl.Series([None] * len(output), dtype=pl.String)
