"""Does the model err more than it did? A change of the mean loss of labelled requests, judged."""

import numpy as np

from loopwright.core.schema import Signature
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.monitoring.detectors.loss_change import LossChange, loss_changes, scaled_losses
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.rules.concept_drift import ConceptDriftRule
from loopwright.stats.arrays import AnyArray, Bools, Floats, class_codes, floats, positive_mask

_MOST_LOSSES = 200_000
"""Of the newest; a change before them is no news."""


def judge_concept(rule: ConceptDriftRule, signature: Signature, rows: LabelledRequests) -> Verdict:
    """Judge the labelled requests, in order of event time.

    Warn, or fail where the rule opens incidents: the loss rose, within the newest requests that the rule looks at.
    Unknown: too few labels.

    Args:
        rule: What is watched.
        signature: The model's.
        rows: Requests that the model under watch answered.

    Raises:
        UsageError: `ddm` was asked of a regression.
        MissingExtraError: `river` is not installed.
    """
    losses, times = _losses(rule, signature, rows)
    if losses.size < rule.min_labels:
        reason = f"{losses.size} labels of the {rule.min_labels} needed"
        return Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=reason, n=int(losses.size))
    changes = loss_changes(losses, rule.method)
    news = [change for change in changes if change.rose and change.at >= losses.size - rule.recent]
    worse = Outcome.FAIL if rule.opens_incident else Outcome.WARN
    return Verdict(
        check=rule.name,
        outcome=worse if news else Outcome.PASS,
        reason=_reason(changes, news, losses.size),
        value=float(losses[-rule.recent :].mean()),
        n=int(losses.size),
        details={
            "method": rule.method,
            "changes": [
                {"event_time": int(times[c.at]), "before": _told(c.before), "after": _told(c.after)} for c in changes
            ][-20:],
            "mean_loss": float(losses.mean()),
        },
    )


def _losses(rule: ConceptDriftRule, signature: Signature, rows: LabelledRequests) -> tuple[Floats, AnyArray]:
    """(n,) losses in [0, 1] of the requests that have a label and an answer, and their event times."""
    score, times = floats(rows.score[rows.labelled]), rows.event_time[rows.labelled]
    if not len(score):
        return np.empty(0), times
    answered: Bools = np.asarray(np.isfinite(score).reshape(len(score), -1).all(axis=1), dtype=bool)
    answered, score, label = answered[-_MOST_LOSSES:], score[-_MOST_LOSSES:], rows.label[-_MOST_LOSSES:]
    score, label, times = score[answered], label[answered], times[-_MOST_LOSSES:][answered]
    if not score.size:
        return np.empty(0), times
    if signature.task == "regression":
        if rule.method == "ddm":
            raise UsageError(
                "concept_drift(method='ddm') watches errors, and a regression has none",
                fix="Use adwin or page_hinkley.",
            )
        return scaled_losses(np.abs(score - floats(label)), first=rule.min_labels), times
    chance, is_likeliest = _said_of_label(score, label, signature)
    return (1.0 - is_likeliest if rule.method == "ddm" else (1.0 - chance) ** 2), times


def _said_of_label(score: Floats, label: AnyArray, signature: Signature) -> tuple[Floats, Floats]:
    """(n,) probability that was given to what came true, and 1 where that was the likeliest; 0 for an unknown class."""
    if signature.task == "binary":
        chance = np.where(positive_mask(label, signature.classes), score, 1.0 - score)
        return chance, (chance >= 0.5).astype(np.float64)
    codes = class_codes(label, signature.classes)
    chance = np.where(codes >= 0, score[np.arange(len(score)), codes], 0.0)
    return chance, (score.argmax(axis=1) == codes).astype(np.float64)


def _reason(changes: tuple[LossChange, ...], news: list[LossChange], n: int) -> str:
    if news:
        last = news[-1]
        return f"the mean loss rose from {last.before:.4g} to {last.after:.4g}, {n - last.at} labelled requests ago"
    if changes:
        last = changes[-1]
        return f"no recent rise; the last change was from {last.before:.4g} to {last.after:.4g}, {n - last.at} ago"
    return f"no change of the mean loss in {n} labelled requests"


def _told(value: float) -> float | None:
    return value if np.isfinite(value) else None
