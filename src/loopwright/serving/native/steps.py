"""scikit-learn's pipelines: simple transformations, then a model that is called directly."""

from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.serving.native.rows_call import RowsCall

Step = Callable[[np.ndarray], np.ndarray]


def pipeline_call(model: Any, call_of: Callable[[Any], RowsCall | None]) -> RowsCall | None:
    """The call for a pipeline whose transformations are all known here; None for anything else.

    Args:
        model: Any model.
        call_of: The direct call of the pipeline's last step.
    """
    if type(model).__name__ != "Pipeline" or not type(model).__module__.startswith("sklearn."):
        return None
    steps, call = steps_of(model), call_of(model.steps[-1][1])
    if steps is None or call is None:
        return None

    def through(rows: np.ndarray) -> np.ndarray | None:
        for step in steps:
            rows = step(rows)
        return call(rows)

    return through


def steps_of(model: Any) -> list[Step] | None:
    """What a pipeline does before its last step, column by column; None where a step is not known here."""
    known = [_step_of(step) for _, step in model.steps[:-1] if step is not None and step != "passthrough"]
    steps = [step for step in known if step is not None]
    return steps if len(steps) == len(known) else None


def _step_of(step: Any) -> Step | None:
    maker = {"StandardScaler": _standard, "MinMaxScaler": _between, "SimpleImputer": _imputed}.get(type(step).__name__)
    return None if maker is None else maker(step)


def _standard(step: Any) -> Step | None:
    mean, scale = step.mean_ if step.with_mean else None, step.scale_ if step.with_std else None

    def call(rows: np.ndarray) -> np.ndarray:
        made = rows.copy() if mean is None else rows - mean
        if scale is not None:
            made /= scale
        return made

    return call


def _between(step: Any) -> Step | None:
    low, high = step.feature_range

    def call(rows: np.ndarray) -> np.ndarray:
        made: np.ndarray = rows * step.scale_
        made += step.min_
        return np.clip(made, low, high, out=made) if step.clip else made

    return call


def _imputed(step: Any) -> Step | None:
    """Only where no column is dropped or added."""
    values = step.statistics_
    plain = values.dtype.kind == "f" and not np.isnan(values).any()
    if (
        not plain
        or step.add_indicator
        or not (isinstance(step.missing_values, float) and np.isnan(step.missing_values))
    ):
        return None
    return lambda rows: np.where(np.isnan(rows), values, rows)
