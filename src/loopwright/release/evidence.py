"""What a release is judged by: counts of both arms, paired losses against labels, and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loopwright.core.schema import Task
from loopwright.errors import UsageError
from loopwright.observations.arm_stats import ArmTotals

Floats = npt.NDArray[np.float64]


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What has come in since the last decision; everything counts once in a release.

    Attributes:
        candidate: Counts of the candidate's requests.
        champion: Counts of the champion's own requests (not those it answered for the candidate).
        losses: `(n,)` in [-1, 1], of labels that came in: the candidate's loss less the champion's on one request.
        candidate_outputs: `(n,)`, on [0, 1], of the candidate's answers.
        champion_outputs: `(n,)`, on [0, 1], of the champion's own answers.
        tripped: Why a breaker has stopped the candidate, if one has.
    """

    candidate: ArmTotals = field(default_factory=ArmTotals)
    champion: ArmTotals = field(default_factory=ArmTotals)
    losses: Floats = field(default_factory=_none)
    candidate_outputs: Floats = field(default_factory=_none)
    champion_outputs: Floats = field(default_factory=_none)
    tripped: str | None = None


def paired_losses(
    task: Task,
    label: npt.NDArray[Any],
    candidate: Floats,
    *,
    champion: Floats,
    classes: Sequence[Any] = (),
    scale: float | None = None,
) -> Floats:
    """The candidate's loss less the champion's, request by request.

    Brier's score (1950) for binary; for multiclass its original sum over classes, halved to lie in [0, 1]; for
    regression the absolute error in units of `scale`, cut at 1.

    Args:
        task: What is predicted.
        label: `(n,)` labels as observed.
        candidate: `(n,)` P(positive) or values, `(n, k)` probabilities for multiclass.
        champion: The same, of the champion on the same requests.
        classes: Labels in the order of the probabilities, for binary and multiclass.
        scale: For regression, above 0.

    Returns:
        `(n,)` in [-1, 1]. A pair in which a label or an output is not known, or no class of the task, is left out.

    Raises:
        UsageError: A regression without a scale.
    """
    if task == "regression":
        if scale is None or not scale > 0:
            raise UsageError("a regression's losses have no scale", fix="Give the quality guard a scale above 0.")
        truth = np.asarray(label, np.float64)
        losses = [np.minimum(np.abs(scores - truth) / scale, 1.0) for scores in (candidate, champion)]
        return _known(losses[0] - losses[1])
    if task == "binary":
        positive = np.array([_position(value, classes) for value in label])
        truth = np.where(positive < 0, np.nan, positive)
        return _known((candidate - truth) ** 2 - (champion - truth) ** 2)
    codes = np.array([_position(value, classes) for value in label], np.int64)
    truth = np.where(codes[:, None] < 0, np.nan, np.equal.outer(codes, np.arange(len(classes))).astype(np.float64))
    squares = [np.sum((scores - truth) ** 2, axis=1) / 2 for scores in (candidate, champion)]
    return _known(squares[0] - squares[1])


def output_values(task: Task, outputs: npt.NDArray[Any], *, reference: Floats | None = None) -> Floats:
    """Outputs on [0, 1]: P(positive), the probability of the likeliest class, or a value's rank in the reference.

    Args:
        task: What is predicted.
        outputs: `(n,)` or `(n, k)`, as `paired_losses`.
        reference: For regression: values of the champion's reference, such as quantiles; without it nothing is known.

    Returns:
        `(m,)` with m <= n: outputs that are not finite are left out.
    """
    values = np.asarray(outputs, np.float64)
    if task == "multiclass":
        values = values.max(axis=1) if len(values) else np.empty(0)
    if task == "regression":
        if reference is None or not len(reference):
            return np.empty(0)
        values = values[np.isfinite(values)]
        return np.searchsorted(np.sort(reference), values, side="right") / len(reference)
    return np.clip(values[np.isfinite(values)], 0.0, 1.0)


def _known(differences: Floats) -> Floats:
    return np.clip(differences[np.isfinite(differences)], -1.0, 1.0)


def _position(value: Any, classes: Sequence[Any]) -> int:
    """The class's place, -1 for none. Without classes, false and true are 0 and 1."""
    known = tuple(classes) or (False, True)
    return known.index(value) if value in known else -1
