"""Several models that answer as one: their mean, a model above their scores, a second one where the first is unsure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from loopwright.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """The weighted mean of what several models say: of their scores, or of their probabilities.

    Args:
        models: Trained models of one task, on the same features in the same order; an ensemble may be one of them.
        weights: One number above zero for each, of any sum; equal ones where none are given.

    Raises:
        UsageError: There are no models, or the weights do not fit them.
    """

    models: Sequence[Any]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        weights = [1.0] * len(self.models) if self.weights is None else [float(weight) for weight in self.weights]
        if not self.models or len(weights) != len(self.models):
            raise UsageError(f"an ensemble of {len(self.models)} models has {len(weights)} weights")
        if not all(math.isfinite(weight) and weight > 0 for weight in weights):
            raise UsageError(f"the weights of an ensemble are {weights}", fix="Give numbers above zero.")
        object.__setattr__(self, "models", tuple(self.models))
        object.__setattr__(self, "weights", tuple(weights))


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """A model that sees the features and, after them, what other models say.

    Args:
        models: Trained models, on the same features in the same order.
        final: The model that answers, trained on `lw.score_columns(models, features)`.

    Raises:
        UsageError: There are no models below it.
    """

    models: Sequence[Any]
    final: Any

    def __post_init__(self) -> None:
        if not self.models:
            raise UsageError("a stack has no models below its final one")
        object.__setattr__(self, "models", tuple(self.models))


@dataclass(frozen=True, slots=True, eq=False)
class Cascade:
    """A second model that is asked only where the first is unsure; elsewhere the first one's score is the answer.

    Args:
        first: A quick model, trained for two classes or a number.
        then: The model that answers where the first one's score is within `between`.
        between: The lowest and the highest score that count as unsure, both included.

    Raises:
        UsageError: `between` is no range.
    """

    first: Any
    then: Any
    between: tuple[float, float] = field(kw_only=True)

    def __post_init__(self) -> None:
        low, high = (float(end) for end in self.between)
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise UsageError(f"between={self.between} is no range of scores", fix="Give (lowest, highest).")
        object.__setattr__(self, "between", (low, high))
