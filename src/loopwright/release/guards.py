"""The guards of a release: for each, always-valid tests that run over the whole release and are never reset.

One test gathers evidence that the candidate is worse than half of its margin (harm), the other that it is not worse
than the whole of it (non-inferiority). The half keeps a version that is neither as good as the champion nor tolerably
worse from staying for ever.
"""

import msgspec
import numpy as np

from loopwright.core.schema import Task
from loopwright.core.verdict import Outcome, Verdict
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmTotals
from loopwright.release.comparison import Waiting, grouped, ranked
from loopwright.release.evidence import ArmEvidence, Floats, expected_losses
from loopwright.release.rules import (
    AgreementGuard,
    ErrorGuard,
    EstimateGuard,
    FunctionGuard,
    Guard,
    LatencyGuard,
    MetricGuard,
    OutputGuard,
    QualityGuard,
    RankingGuard,
    guard_bound,
)
from loopwright.stats.intervals import wilson
from loopwright.stats.sequential import MeanTest, mean_test, update, update_counts

_CHAMPION_LEVEL = 0.999
_LEAST_CHAMPION_SHARE = 0.25
_HARM = 0.5
"""Part of a margin beyond which a candidate counts as harmful."""
_LEAST_STAKE = 0.002
_LEAST_RATIO_STAKE = 0.08
"""Against a multiple of a rate the best stake depends on the groups and hardly on the rate: 1/4 of the greatest for an
equal candidate with as much traffic as the champion, 1/2 with a twentieth, and less where it is hardly too bad."""
_SHIFTS = (OutputGuard, EstimateGuard)
"""Guards that hold until labels speak, and neither roll back nor let pass."""


class GuardState(msgspec.Struct, frozen=True, kw_only=True):
    """A guard's evidence so far.

    Attributes:
        over: That its figure lies over what is harmful.
        under: That it lies under the margin.
        ratio_over: The same against a multiple of the champion's rate, where the guard has one.
        ratio_under: The same.
        step_under: That it lies under the margin of the steps before the last.
        waiting: Values that have met none of the other arm yet.
        failing: Why nothing is known of the latest look, where its function failed.
    """

    over: MeanTest
    under: MeanTest
    ratio_over: MeanTest | None = None
    ratio_under: MeanTest | None = None
    step_under: MeanTest | None = None
    waiting: Waiting = Waiting()
    failing: str | None = None


def begin(guard: Guard) -> GuardState:
    """No evidence yet."""
    bound = guard_bound(guard)
    if isinstance(guard, LatencyGuard | AgreementGuard):
        return _pair(bound, bound, low=0.0, high=1.0)
    if isinstance(guard, FunctionGuard):
        sign, low, high = _oriented(guard)
        return _pair(sign * bound, sign * bound, low=low, high=high)
    if isinstance(guard, OutputGuard):
        return _pair(bound, -bound, low=-1.0, high=1.0)
    harmful = bound if isinstance(guard, EstimateGuard) else _HARM * bound
    state = _pair(harmful, bound, low=-1.0, high=1.0, least=harmful)
    return _with_ratio(state, guard) if isinstance(guard, ErrorGuard) else state


def _pair(over: float, under: float, *, low: float, high: float, least: float = _LEAST_STAKE) -> GuardState:
    least = max(least, _LEAST_STAKE)
    return GuardState(
        over=mean_test(over, direction="above", low=low, high=high, least=least),
        under=mean_test(under, direction="below", low=low, high=high, least=least),
    )


def _with_ratio(state: GuardState, guard: ErrorGuard) -> GuardState:
    if guard.step_margin is not None:
        step = mean_test(guard.step_margin, direction="below", low=-1.0, least=_HARM * guard.step_margin)
        state = msgspec.structs.replace(state, step_under=step)
    if guard.ratio is None:
        return state
    harmful = _harmful_ratio(guard.ratio)
    return msgspec.structs.replace(
        state,
        ratio_over=mean_test(0.0, direction="above", low=-harmful, sure=0.0, least=_LEAST_RATIO_STAKE),
        ratio_under=mean_test(0.0, direction="below", low=-guard.ratio, sure=0.0, least=_LEAST_RATIO_STAKE),
    )


def _harmful_ratio(ratio: float) -> float:
    return 1.0 + _HARM * (ratio - 1.0)


def observe(
    guard: Guard, state: GuardState, candidate: ArmEvidence, *, champion: ArmEvidence, before: ArmTotals, task: Task
) -> GuardState:
    """The evidence after what came in.

    Args:
        guard: The rule.
        state: Its evidence so far.
        candidate: What came in of the candidate.
        champion: What came in of the champion.
        before: The champion's counts over the release until then.
        task: What the versions predict.
    """
    if isinstance(guard, ErrorGuard):
        return _observe_errors(guard, state, candidate.totals, champion=champion.totals, before=before)
    if isinstance(guard, LatencyGuard):
        usual = before if before.requests > before.failures else champion.totals
        return _observe_latency(guard, state, candidate.totals, champion=usual)
    if isinstance(guard, RankingGuard):
        return _observe_ranking(state, candidate)
    if isinstance(guard, FunctionGuard):
        return _observe_function(guard, state, candidate)
    if isinstance(guard, OutputGuard | EstimateGuard | MetricGuard):
        return _compared(state, _values(guard, candidate, task), _values(guard, champion, task))
    losses = candidate.paired.losses if isinstance(guard, QualityGuard) else np.where(candidate.agreed, 0.0, 1.0)
    return _both(state, losses)


def judge(guard: Guard, state: GuardState, *, alpha_harm: float, alpha_safe: float) -> Verdict:
    """Fail: harm is proven. Pass: non-inferiority is. Warn: outputs have shifted. Unknown: too little evidence.

    Args:
        guard: The rule.
        state: Its evidence.
        alpha_harm: Error rate of a fail or a warn.
        alpha_safe: Error rate of a pass.

    Returns:
        The verdict; its details say under `step` whether a step that is not the last may end on it.
    """
    harm, safe = _harmful(state, alpha_harm), _safe(state, alpha_safe)
    n, bound = max(state.under.n, state.over.n), guard_bound(guard)
    if isinstance(guard, _SHIFTS):
        two_sided = isinstance(guard, OutputGuard) and state.under.rejects(alpha_harm)
        outcome, reason = _shift(guard, n, shifted=harm or two_sided)
    else:
        outcome = Outcome.FAIL if harm else Outcome.PASS if safe else Outcome.UNKNOWN
        reason = _words(guard, outcome, n)
    if state.failing is not None and outcome != Outcome.FAIL:
        outcome, reason = Outcome.UNKNOWN, state.failing
    on_step = state.step_under is not None and state.step_under.rejects(alpha_safe)
    mean = state.over.mean
    return Verdict(
        check=guard.name,
        outcome=outcome,
        reason=reason,
        value=mean if np.isfinite(mean) else None,
        threshold=bound,
        n=n,
        details={
            "p_over": state.over.p_value,
            "p_under": state.under.p_value,
            "step": outcome == Outcome.PASS or (outcome == Outcome.UNKNOWN and on_step),
        },
    )


def _harmful(state: GuardState, alpha: float) -> bool:
    """Both must be refuted: being no worse than the harmful margin, and being no worse than the harmful ratio."""
    return state.over.rejects(alpha) and (state.ratio_over is None or state.ratio_over.rejects(alpha))


def _safe(state: GuardState, alpha: float) -> bool:
    """Either suffices, so each gets half of the error rate."""
    if state.ratio_under is None:
        return state.under.rejects(alpha)
    return state.under.rejects(alpha / 2) or state.ratio_under.rejects(alpha / 2)


def _shift(guard: Guard, n: int, *, shifted: bool) -> tuple[Outcome, str]:
    what = "mean outputs have" if isinstance(guard, OutputGuard) else "expected losses have"
    by = f"by more than {guard_bound(guard):g}"
    if shifted:
        return Outcome.WARN, f"{what} shifted {by}" if isinstance(guard, OutputGuard) else f"{what} risen {by}"
    if not n:
        return Outcome.UNKNOWN, f"{what} not been seen"
    return Outcome.PASS, f"{what} not been shown to shift {by}"


_HARMS = {
    "errors": ("a higher share of failures", "comparisons"),
    "quality": ("a greater loss", "labels"),
    "ranking": ("a lower area under the ROC curve", "pairs of labels"),
}


def _words(guard: Guard, outcome: Outcome, n: int) -> str:
    found = {Outcome.FAIL: "proven", Outcome.PASS: "ruled out"}.get(outcome, "neither proven nor ruled out")
    bound = guard_bound(guard)
    if isinstance(guard, LatencyGuard):
        return f"more than {bound:.0%} slow answers: {found} after {n} answers"
    if isinstance(guard, AgreementGuard):
        return f"more than {bound:.2g} of answers that differ: {found} after {n} answers"
    if isinstance(guard, FunctionGuard):
        side = "above" if guard.direction == "lower_is_better" else "below"
        return f"a mean {side} {bound:g}: {found} after {n} values"
    if isinstance(guard, MetricGuard):
        return f"{guard.metric} worse by {bound:.3g} of its range: {found} after {n} comparisons"
    harm, counted = _HARMS[guard.name]
    by = bound * _HARM if outcome == Outcome.FAIL else bound
    times = ""
    if isinstance(guard, ErrorGuard) and guard.ratio is not None:
        ratio = _harmful_ratio(guard.ratio) if outcome == Outcome.FAIL else guard.ratio
        times = f" and {ratio:g} times the champion's" if outcome == Outcome.FAIL else f" or {ratio:g} times as high"
    return f"{harm} by more than {by:g}{times}: {found} after {n} {counted}"


def _observe_errors(
    guard: ErrorGuard, state: GuardState, candidate: ArmTotals, *, champion: ArmTotals, before: ArmTotals
) -> GuardState:
    if champion.requests >= _LEAST_CHAMPION_SHARE * candidate.requests or not before.requests:
        ours, theirs, waiting = grouped(state.waiting, _failures(candidate), _failures(champion), seed=state.over.n)
        state = msgspec.structs.replace(state, waiting=waiting)
        return _error_values(guard, state, ours[:, 0], low=theirs[:, 0], high=theirs[:, 0])
    # At 100 % the champion answers only what the candidate fails. Its rate so far stands in for it: taken from above
    # where it must show harm, from below where it must show that there is none.
    rate = wilson(before.failures, before.requests, _CHAMPION_LEVEL)
    ours = _failures(candidate)
    return _error_values(guard, state, ours, low=np.full(len(ours), rate.low), high=np.full(len(ours), rate.high))


def _error_values(guard: ErrorGuard, state: GuardState, ours: Floats, *, low: Floats, high: Floats) -> GuardState:
    changes: dict[str, MeanTest] = {"over": update(state.over, ours - high), "under": update(state.under, ours - low)}
    if state.step_under is not None:
        changes["step_under"] = update(state.step_under, ours - low)
    if state.ratio_over is not None and state.ratio_under is not None and guard.ratio is not None:
        changes["ratio_over"] = update(state.ratio_over, ours - _harmful_ratio(guard.ratio) * high)
        changes["ratio_under"] = update(state.ratio_under, ours - guard.ratio * low)
    return msgspec.structs.replace(state, **changes)


def _observe_latency(
    guard: LatencyGuard, state: GuardState, candidate: ArmTotals, *, champion: ArmTotals
) -> GuardState:
    limit_us = latency_limit_us(guard, champion)
    if limit_us is None:
        return state
    slow_from = int(np.searchsorted(BUCKET_BOUNDS_US, limit_us, side="left")) + 1
    slow, n = sum(candidate.latency_us_buckets[slow_from:]), sum(candidate.latency_us_buckets)
    return msgspec.structs.replace(
        state, over=update_counts(state.over, slow, n), under=update_counts(state.under, slow, n)
    )


def latency_limit_us(guard: LatencyGuard, champion: ArmTotals) -> float | None:
    """The latency above which an answer is slow; None while the champion has answered nothing to compare with."""
    usual = champion.latency_us(1.0 - guard.slow_ratio)
    return None if usual is None else max(guard.ratio * usual, float(guard.floor_us))


def _observe_ranking(state: GuardState, candidate: ArmEvidence) -> GuardState:
    rows = candidate.paired
    scores = np.stack((rows.candidate, rows.champion), axis=1)
    values, waiting = ranked(state.waiting, scores[rows.positive], scores[~rows.positive], seed=state.over.n)
    return msgspec.structs.replace(_both(state, values), waiting=waiting)


def _observe_function(guard: FunctionGuard, state: GuardState, candidate: ArmEvidence) -> GuardState:
    if guard.name not in candidate.functions:
        return state
    values = candidate.functions[guard.name]
    if values is None or not np.isfinite(values).all():
        failing = f"{guard.function} failed or gave no number at the latest look"
        return msgspec.structs.replace(state, failing=failing)
    sign, low, high = _oriented(guard)
    return msgspec.structs.replace(_both(state, np.clip(sign * values, low, high)), failing=None)


def _oriented(guard: FunctionGuard) -> tuple[float, float, float]:
    """Sign and range of the values, turned so that greater is worse."""
    if guard.direction == "lower_is_better":
        return 1.0, guard.low, guard.high
    return -1.0, -guard.high, -guard.low


def _values(guard: OutputGuard | EstimateGuard | MetricGuard, arm: ArmEvidence, task: Task) -> Floats:
    """What is compared of an arm's own requests, on [0, 1]."""
    if isinstance(guard, MetricGuard):
        return _metric_losses(guard, arm)
    return arm.outputs if isinstance(guard, OutputGuard) else expected_losses(task, arm.outputs)


def _metric_losses(guard: MetricGuard, arm: ArmEvidence) -> Floats:
    """The metric's values on [0, 1], turned so that greater is worse."""
    found = arm.metrics.get(guard.metric)
    if found is None:
        return np.empty(0)
    values = found.values[np.isfinite(found.values)]
    unit = (np.clip(values, guard.low, guard.high) - guard.low) / (guard.high - guard.low)
    return 1.0 - unit if guard.direction == "higher_is_better" else unit


def _failures(arm: ArmTotals) -> Floats:
    """`(requests,)`: 1 for each that failed, 0 for each that was answered."""
    return np.repeat([1.0, 0.0], [arm.failures, arm.requests - arm.failures])


def _compared(state: GuardState, candidate: Floats, champion: Floats) -> GuardState:
    ours, theirs, waiting = grouped(state.waiting, candidate, champion, seed=state.over.n)
    return msgspec.structs.replace(_both(state, ours[:, 0] - theirs[:, 0]), waiting=waiting)


def _both(state: GuardState, values: Floats) -> GuardState:
    return msgspec.structs.replace(state, over=update(state.over, values), under=update(state.under, values))
