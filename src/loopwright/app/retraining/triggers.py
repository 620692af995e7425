"""Triggers: what a loop file may name as a reason to train again. Plain values; nothing heavy is imported."""

from collections.abc import Sequence
from dataclasses import dataclass

from loopwright.app.cron import Cron
from loopwright.core.clock import Micros, parse_duration
from loopwright.data.dataset import Dataset
from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import Severity, check_severity


@dataclass(frozen=True, slots=True, kw_only=True)
class OnNewData:
    """Retrain once a dataset has grown since the champion was trained; any one of the amounts given is enough.

    Attributes:
        dataset: Its name.
        rows: New rows.
        partitions: New parts: files, or batches of pushed rows, that have landed.
        newer_by: How far the newest event time has moved on, in microseconds.
        cooldown: How long after one retrain it starts no other, in microseconds.
    """

    dataset: str
    cooldown: Micros
    rows: int | None = None
    partitions: int | None = None
    newer_by: Micros | None = None

    @property
    def label(self) -> str:
        """The trigger in words."""
        return f"on_new_data({self.dataset})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAlert:
    """Retrain while an incident about the model is open, at most once in `cooldown`, at most `max_per_day` a day.

    Attributes:
        checks: Kinds of rules, as `drift`, or whole names, as `performance(roc_auc, 0.03)`; every rule where empty.
        severity: The least severity of the rules that count; every one where None.
    """

    cooldown: Micros
    max_per_day: int
    checks: tuple[str, ...] = ()
    severity: Severity | None = None

    @property
    def label(self) -> str:
        """The trigger in words."""
        return f"on_alert({', '.join(self.checks)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLabels:
    """Retrain once `labels` things have been labelled since the champion was trained."""

    labels: int
    cooldown: Micros

    @property
    def label(self) -> str:
        """The trigger in words."""
        return f"on_labels({self.labels})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCodeChange:
    """Retrain once the code of the steps that make the model differs from the champion's."""

    cooldown: Micros

    @property
    def label(self) -> str:
        """The trigger in words."""
        return "on_code_change()"


Trigger = OnNewData | OnAlert | OnLabels | OnCodeChange | Cron


def label_of(trigger: Trigger) -> str:
    """The trigger in words."""
    return f"cron({trigger.expression})" if isinstance(trigger, Cron) else trigger.label


def on_new_data(
    dataset: Dataset,
    *,
    rows: int | None = None,
    partitions: int | None = None,
    newer_by: str | None = None,
    cooldown: str = "1d",
) -> OnNewData:
    """Retrain when enough has landed in `dataset` since the champion was trained.

    Args:
        dataset: The dataset.
        rows: New rows.
        partitions: New files, or batches of pushed rows.
        newer_by: How much later the newest event time is, as `7d`.
        cooldown: How long after one retrain it starts no other.

    Raises:
        UsageError: No amount is given, or one that is not positive; or the dataset has no event time to go by.
    """
    amounts = [amount for amount in (rows, partitions) if amount is not None]
    if not amounts and newer_by is None:
        raise UsageError(
            f"on_new_data({dataset.name}) does not say how much is enough",
            fix='Give rows=20_000, partitions=7 or newer_by="7d".',
        )
    if any(amount < 1 for amount in amounts):
        raise UsageError(f"on_new_data({dataset.name}) needs at least one row or partition")
    if newer_by is not None and not dataset.event_time:
        raise UsageError(f"dataset {dataset.name!r} has no event time to be newer by", fix="Give it event_time=.")
    return OnNewData(
        dataset=dataset.name,
        rows=rows,
        partitions=partitions,
        newer_by=None if newer_by is None else duration(newer_by, "newer_by"),
        cooldown=duration(cooldown, "cooldown"),
    )


def on_alert(
    *,
    checks: Sequence[str] = (),
    severity: str | None = None,
    cooldown: str = "1d",
    max_per_day: int = 1,
) -> OnAlert:
    """Retrain while an incident about the model is open. An alert storm gives one retrain.

    Args:
        checks: Which rules' incidents: kinds, as `drift`, or whole names; all where empty.
        severity: The least severity that counts, as `critical`.
        cooldown: How long after one retrain it starts no other.
        max_per_day: How many retrains, whatever started them, may lie within a day.

    Raises:
        UsageError: There is no such severity, or the maximum is under one.
    """
    if max_per_day < 1:
        raise UsageError(f"on_alert(max_per_day={max_per_day}) would never retrain")
    return OnAlert(
        cooldown=duration(cooldown, "cooldown"),
        max_per_day=max_per_day,
        checks=(checks,) if isinstance(checks, str) else tuple(checks),
        severity=None if severity is None else check_severity(severity),
    )


def on_labels(labels: int, *, cooldown: str = "1d") -> OnLabels:
    """Retrain when `labels` things have been labelled by feedback since the champion was trained.

    Raises:
        UsageError: It is less than one.
    """
    if labels < 1:
        raise UsageError(f"on_labels({labels}) needs at least one label")
    return OnLabels(labels=labels, cooldown=duration(cooldown, "cooldown"))


def on_code_change(*, cooldown: str = "10m") -> OnCodeChange:
    """Retrain when the code that makes the model is not the champion's any more, as after a deployment."""
    return OnCodeChange(cooldown=duration(cooldown, "cooldown"))


def duration(text: str, name: str) -> Micros:
    """The microseconds of a duration in a declaration. Raises UsageError naming the argument."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(
            f"{name}={text!r} is not a duration", why=str(error), fix='Write "7d", as an example.'
        ) from error
