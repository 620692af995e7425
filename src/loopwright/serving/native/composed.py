"""Direct calls of ensembles, stacks and cascades, from those of their members; one request, several models."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from loopwright.errors import ArmFailedError
from loopwright.formats.ensembles import Cascade, Ensemble, Stack
from loopwright.serving.native.matrix_call import MatrixCall

CallOf = Callable[[Any], MatrixCall]


def composed_call(model: Any, call_of: CallOf) -> MatrixCall | None:
    """The call for several models that answer as one; None for anything else.

    Args:
        model: Any model.
        call_of: The call of a member.
    """
    if isinstance(model, Ensemble):
        return _mean([call_of(member) for member in model.models], shares_of(model))
    if isinstance(model, Stack):
        below, final = [call_of(member) for member in model.models], call_of(model.final)
        return lambda rows: final(columns_beside(below, rows))
    if isinstance(model, Cascade):
        return _cascade(call_of(model.first), call_of(model.then), model.between)
    return None


def columns_beside(calls: Sequence[MatrixCall], rows: np.ndarray) -> np.ndarray:
    """(n, k + m) the rows, with the calls' scores or probabilities beside them."""
    return np.column_stack([rows, *(call(rows) for call in calls)])


def shares_of(ensemble: Ensemble) -> list[float]:
    """The weights, so that they add up to one."""
    weights = ensemble.weights or ()
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _mean(calls: Sequence[MatrixCall], weights: Sequence[float]) -> MatrixCall:
    def call(rows: np.ndarray) -> np.ndarray:
        summed = weights[0] * calls[0](rows)
        for weight, member in zip(weights[1:], calls[1:], strict=True):
            said = member(rows)
            if said.shape != summed.shape:
                why = f"one says {summed.shape[1:] or 'a score'} a row, another {said.shape[1:] or 'a score'}"
                raise ArmFailedError("the models of an ensemble do not answer alike", why=why, cause="shape")
            summed += weight * said
        return summed

    return call


def _cascade(first: MatrixCall, then: MatrixCall, between: tuple[float, float]) -> MatrixCall:
    low, high = between

    def call(rows: np.ndarray) -> np.ndarray:
        made = np.array(first(rows))
        if made.ndim != 1:
            raise ArmFailedError(
                "the first model of a cascade gives several probabilities",
                why="whether it is unsure is told by one score",
                cause="shape",
            )
        unsure = (made >= low) & (made <= high)
        if unsure.all():
            return then(rows)
        if unsure.any():
            made[unsure] = then(rows[unsure])
        return made

    return call
