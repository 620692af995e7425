"""What a release is judged by: for each arm its counts, outputs, labelled requests and business metrics."""

from collections.abc import Mapping, Sequence
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
class Paired:
    """Labelled requests that both versions were asked about. Each request counts once in a release.

    Which requests count: any whose label does not depend on which version answered, be it the candidate's own or the
    champion's. They must not be chosen by their label or by either score.

    Attributes:
        losses: `(n,)` in [-1, 1]: the candidate's loss less the champion's on one request.
        positive: `(m,)` of a binary task, m <= n: which labels are positive.
        candidate: `(m,)` the candidate's P(positive) on the same requests.
        champion: `(m,)` the champion's.
    """

    losses: Floats = field(default_factory=_none)
    positive: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    candidate: Floats = field(default_factory=_none)
    champion: Floats = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValues:
    """A business metric of the units whose value became known, each unit once in a release.

    Attributes:
        values: `(n,)`.
        covariates: `(n,)`, known before the unit was assigned, NaN where there is none; or empty.
    """

    values: Floats = field(default_factory=_none)
    covariates: Floats = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmEvidence:
    """What has come in about one arm since the last look. Only requests that took part count: those of the cohort.

    Attributes:
        totals: Counts of its requests; of the champion, its own and not those that it answered for another arm.
        units: Units that were assigned to it for the first time.
        outputs: `(n,)`, on [0, 1], of its answers.
        paired: Labelled requests scored by it and by the champion; nothing for the champion itself.
        metrics: Values by the metric's name.
        functions: What a guard's function made of the log, by the guard's name; None where it failed.
        agreed: `(n,)` of a shadow's requests: whether both versions gave the same answer.
        tripped: Why a breaker has stopped it, if one has.
    """

    totals: ArmTotals = field(default_factory=ArmTotals)
    units: int = 0
    outputs: Floats = field(default_factory=_none)
    paired: Paired = field(default_factory=Paired)
    metrics: Mapping[str, MetricValues] = field(default_factory=dict)
    functions: Mapping[str, Floats | None] = field(default_factory=dict)
    agreed: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    tripped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What has come in since the last decision, by the arm's name; everything counts once in a release."""

    arms: Mapping[str, ArmEvidence] = field(default_factory=dict)

    def of(self, arm: str) -> ArmEvidence:
        """What came in about one arm; empty where nothing did."""
        return self.arms.get(arm, _NOTHING)


_NOTHING = ArmEvidence()


def paired(
    task: Task,
    label: npt.NDArray[Any],
    candidate: Floats,
    *,
    champion: Floats,
    classes: Sequence[Any] = (),
    scale: float | None = None,
) -> Paired:
    """Labelled requests as evidence, from both versions' answers; arguments as of `paired_losses`.

    A request whose label or one of whose answers is not known, or is none of the classes, is left out.
    """
    losses = paired_losses(task, label, candidate, champion=champion, classes=classes, scale=scale)
    if task != "binary":
        return Paired(losses=losses)
    place = _places(label, classes)
    known = (place >= 0) & np.isfinite(candidate) & np.isfinite(champion)
    return Paired(losses=losses, positive=place[known] == 1, candidate=candidate[known], champion=champion[known])


def expected_losses(task: Task, outputs: Floats) -> Floats:
    """The loss that a calibrated version expects of its own answers, from `output_values`.

    Args:
        task: binary or multiclass.
        outputs: `(n,)` P(positive), or the probability of the likeliest class.

    Returns:
        `(n,)` in [0, 1]: the expected Brier loss of a binary answer, else the chance that the class is wrong.
    """
    return outputs * (1.0 - outputs) if task == "binary" else 1.0 - outputs


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
        positive = _places(label, classes)
        truth = np.where(positive < 0, np.nan, positive)
        return _known((candidate - truth) ** 2 - (champion - truth) ** 2)
    codes = _places(label, classes)
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


def _places(label: npt.NDArray[Any], classes: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Each label's place among the classes, -1 for none. Without classes, false and true are 0 and 1."""
    places = {value: place for place, value in enumerate(tuple(classes) or (False, True))}
    return np.array([places.get(value, -1) for value in np.asarray(label).tolist()], np.int64)
