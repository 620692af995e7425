"""Is the model still as good as it was, judging by its requests alone; and how right was that, now that labels came."""

from typing import Any

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.monitoring.estimate import (
    LOSSES,
    Estimated,
    Estimation,
    estimate_classification,
    estimate_regression,
)
from loopwright.monitoring.expected import EXPECTED
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.loss import FORTNIGHT
from loopwright.monitoring.performance import evidence_of
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.rules.estimated_performance import EstimatedPerformanceRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.stats.arrays import Floats
from loopwright.stats.level import level_evidence
from loopwright.stats.quality import METRICS

_LEAST_LABELS = 30
_LEAST_COVERAGE = 0.5
_LISTED_DAYS = 30


class DayOfRequests(msgspec.Struct, frozen=True, kw_only=True):
    """A day's requests, and what they were estimated to come to.

    Attributes:
        requests: Those whose answer is a number.
        outside: Of these, those unlike the holdout.
        estimate: The metric; None where it is undefined.
        interval: Of the estimate.
        total: The sum of the losses foretold, for a regression.
        labelled: Requests whose label has come.
        real: The metric on them, once at least 30 and half of the day have one.
    """

    requests: int
    outside: int
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    total: float | None = None
    labelled: int = 0
    real: float | None = None

    @staticmethod
    def of(
        rule: EstimatedPerformanceRule, about: Estimation, score: Floats, *, losses: dict[str, Floats], odd: np.ndarray,
        day: int,
    ) -> "DayOfRequests":  # fmt: skip
        """A day's estimate: of scores (n,) or (n, k), or of the losses foretold (n,)."""
        total = float(losses[LOSSES[rule.metric]].sum()) if rule.metric in LOSSES and losses else None
        if total is not None:
            made = estimate_regression(about, rule.metric, total=total, n=score.shape[0], days=1, level=rule.level)
        elif rule.metric in EXPECTED:
            rng = np.random.default_rng(day)
            made = estimate_classification(about, rule.metric, score, days=1, level=rule.level, rng=rng)
        else:
            made = Estimated(value=float("nan"), low=float("nan"), high=float("nan"), n=0)
        known = bool(np.isfinite([made.value, made.low, made.high]).all())
        return DayOfRequests(
            requests=score.shape[0],
            outside=int(odd.sum()),
            estimate=made.value if known else None,
            interval=(made.low, made.high) if known else None,
            total=total,
        )


def realised(
    rule: EstimatedPerformanceRule, days: dict[str, DayOfRequests], rows: LabelledRequests, *, classes: tuple[Any, ...]
) -> dict[str, DayOfRequests]:
    """The days with what the metric turned out to be, as far as the labels have come by now."""
    metric = METRICS.get(rule.metric)
    found = {}
    for day, known in days.items():
        of_day = rows.since(int(day) * DAY).until((int(day) + 1) * DAY)
        n, real = int(of_day.labelled.sum()), float("nan")
        if metric is not None and n >= _LEAST_LABELS and n >= _LEAST_COVERAGE * of_day.event_time.size:
            real = metric.function(of_day.label, of_day.score[of_day.labelled], classes)
        found[day] = msgspec.structs.replace(known, labelled=n, real=real if np.isfinite(real) else None)
    return found


def judge_estimate(
    rule: EstimatedPerformanceRule,
    reference: Reference | None,
    about: Estimation | None,
    *,
    days: dict[str, DayOfRequests],
    today: int,
    since: int = 0,
    rows: LabelledRequests | None = None,
) -> Verdict:
    """Judge the estimate on the newest fortnight of requests.

    Fail: the days' estimates lie below what the gate saw, which is said falsely once in
    `rule.mean_time_between_false_alarms` days in the mean or later, *and* the whole interval of the fortnight lies
    beyond the allowed loss. Warn: the estimate does. Unknown: too few requests, too many unlike the holdout, or a model
    that was packaged without the part `estimation`.

    Args:
        rule: What is allowed.
        reference: Holds the gate's figure.
        about: What the estimate rests on.
        days: By day: what is known of it.
        today: The day of the look, since 1970.
        since: The first day that is held against the model.
        rows: Requests with scores that are numbers; their labels are not looked at.

    Raises:
        UsageError: The metric cannot be estimated for this task.
    """
    if reference is None or about is None:
        return _unknown(rule, "this version was packaged without an estimation: the next one trained has it", 0)
    _check_metric(rule, reference)
    recent = {int(day): known for day, known in days.items() if max(since, today - FORTNIGHT) <= int(day) < today}
    n = sum(known.requests for known in recent.values())
    promised = reference.quality.get(rule.metric)
    if promised is None:
        return _unknown(rule, f"the gate has no figure of {rule.metric} for this model", n)
    if n < rule.min_requests:
        return _unknown(rule, f"{n} requests of the {rule.min_requests} needed", n)
    made = _estimated(rule, about, recent, rows=rows, today=today)
    odd = sum(known.outside for known in recent.values()) / n
    details = _details(days, recent, promised=promised, odd=odd)
    if not np.isfinite([made.value, made.low, made.high]).all():
        return _unknown(rule, f"{rule.metric} cannot be estimated on these {n} requests", n, details=details)
    greater = METRICS[rule.metric].greater_is_better
    sign = 1.0 if greater else -1.0
    worst = promised - sign * rule.loss_at_most
    held = [known.estimate for day, known in sorted(days.items(), key=lambda item: int(item[0])) if int(day) >= since]
    evidence = level_evidence(sign * (promised - np.asarray([value for value in held if value is not None])))
    beyond = sign * ((made.high if greater else made.low) - worst) < 0
    outcome = Outcome.WARN if sign * (made.value - worst) < 0 else Outcome.PASS
    if beyond and evidence.now >= np.log(rule.mean_time_between_false_alarms):
        outcome = Outcome.FAIL
    if odd > rule.outside_at_most:
        outcome = Outcome.UNKNOWN
    return Verdict(
        check=rule.name,
        outcome=outcome,
        reason=_reason(rule, made, promised=promised, worst=worst, odd=odd),
        value=made.value,
        threshold=worst,
        interval=(made.low, made.high),
        n=n,
        details=details
        | {"evidence": evidence_of(evidence.now), "evidence_needed": rule.mean_time_between_false_alarms},
    )


def own_error(days: dict[str, DayOfRequests]) -> dict[str, Any] | None:
    """How far off the estimates of days were whose labels have come; None where there is none such."""
    both = [
        (known.estimate, known.real, known.interval)
        for known in days.values()
        if known.estimate is not None and known.real is not None and known.interval is not None
    ]
    if not both:
        return None
    errors = np.asarray([estimate - real for estimate, real, _ in both])
    covered = [low <= real <= high for _, real, (low, high) in both]
    return {
        "days": len(both),
        "bias": float(errors.mean()),
        "mean_absolute_error": float(np.abs(errors).mean()),
        "covered": float(np.mean(covered)),
    }


def _check_metric(rule: EstimatedPerformanceRule, reference: Reference) -> None:
    known = tuple(LOSSES) if reference.task == "regression" else tuple(EXPECTED)
    if rule.metric not in known:
        raise UsageError(
            f"estimated_performance() names the metric {rule.metric!r}, which cannot be estimated for a "
            f"{reference.task} task",
            why=f"metrics that can: {', '.join(known)}",
            fix="Correct the name in the loop file.",
        )


def _estimated(
    rule: EstimatedPerformanceRule,
    about: Estimation,
    recent: dict[int, DayOfRequests],
    *,
    rows: LabelledRequests | None,
    today: int,
) -> Estimated:
    if rule.metric in LOSSES:
        total = sum(known.total or 0.0 for known in recent.values())
        n = sum(known.requests for known in recent.values())
        return estimate_regression(about, rule.metric, total=total, n=n, days=len(recent), level=rule.level)
    score = rows.since(min(recent) * DAY).until(today * DAY).score if rows is not None else np.empty(0)
    rng = np.random.default_rng(today)
    return estimate_classification(about, rule.metric, score, days=len(recent), level=rule.level, rng=rng)


def _details(
    days: dict[str, DayOfRequests], recent: dict[int, DayOfRequests], *, promised: float, odd: float
) -> dict[str, Any]:
    listed = sorted(days, key=int)[-_LISTED_DAYS:]
    return {
        "reference": promised,
        "outside": odd,
        "days": len(recent),
        "own_error": own_error(days),
        "by_day": [
            {"day": int(day), "estimate": days[day].estimate, "interval": days[day].interval, "real": days[day].real}
            for day in listed
        ],
    }


def _reason(rule: EstimatedPerformanceRule, made: Estimated, *, promised: float, worst: float, odd: float) -> str:
    said = (
        f"{rule.metric} is estimated at {made.value:.4g} [{made.low:.4g}, {made.high:.4g}] on {made.n} requests; "
        f"was {promised:.4g}, allowed {worst:.4g}"
    )
    unlike = f"{odd:.1%} of the requests are unlike the rows that estimates rest on, "
    return f"{unlike}allowed {rule.outside_at_most:.1%}; {said}" if odd > rule.outside_at_most else said


def _unknown(rule: EstimatedPerformanceRule, reason: str, n: int, *, details: dict[str, Any] | None = None) -> Verdict:
    return Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=reason, n=n, details=details or {})
