"""The guards of a release: for each, a pair of always-valid tests that run over the whole release and are never reset.

One test gathers evidence that the candidate is worse than its margin (harm), the other that it is not
(non-inferiority). Two arms that answer different requests are compared in pairs of groups: of what came in together,
each group's mean less the mean of a group of the other arm; groups are drawn at random, as requests are by their hash.
"""

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmTotals
from loopwright.release.evidence import Evidence, Floats
from loopwright.release.plan import ErrorGuard, Guard, LatencyGuard, OutputGuard, guard_bound
from loopwright.stats.intervals import wilson
from loopwright.stats.sequential import MeanTest, mean_test, update, update_counts

_CHAMPION_LEVEL = 0.999
_LEAST_CHAMPION_SHARE = 0.25


class GuardState(msgspec.Struct, frozen=True, kw_only=True):
    """A guard's evidence so far: that its figure lies over the margin, and that it lies under it."""

    over: MeanTest
    under: MeanTest


def begin(guard: Guard) -> GuardState:
    """No evidence yet."""
    bound = guard_bound(guard)
    low = 0.0 if isinstance(guard, LatencyGuard) else -1.0
    below = -bound if isinstance(guard, OutputGuard) else bound
    return GuardState(
        over=mean_test(bound, direction="above", low=low), under=mean_test(below, direction="below", low=low)
    )


def observe(guard: Guard, state: GuardState, evidence: Evidence, *, before: ArmTotals) -> GuardState:
    """The evidence after what came in.

    Args:
        guard: The rule.
        state: Its evidence so far.
        evidence: What came in since.
        before: The champion's counts over the release until then.
    """
    if isinstance(guard, ErrorGuard):
        return _observe_errors(state, evidence, before)
    if isinstance(guard, LatencyGuard):
        return _observe_latency(guard, state, evidence.candidate, before=before)
    values = evidence.losses
    if isinstance(guard, OutputGuard):
        values = differences(evidence.candidate_outputs, evidence.champion_outputs, seed=state.over.n)
    return _both(state, values)


def judge(guard: Guard, state: GuardState, *, alpha_harm: float, alpha_safe: float) -> Verdict:
    """Fail: harm is proven. Pass: non-inferiority is. Warn: outputs have shifted. Unknown: too little evidence.

    Args:
        guard: The rule.
        state: Its evidence.
        alpha_harm: Error rate of a fail or a warn.
        alpha_safe: Error rate of a pass.
    """
    harm, safe = state.over.rejects(alpha_harm), state.under.rejects(alpha_safe)
    n, bound = state.under.n, guard_bound(guard)
    if isinstance(guard, OutputGuard):
        shifted = harm or state.under.rejects(alpha_harm)
        outcome = Outcome.WARN if shifted else Outcome.PASS if n else Outcome.UNKNOWN
        words = "have shifted" if shifted else "have not been shown to shift" if n else "are not known"
        reason = f"mean outputs {words} by more than {bound:g}"
    else:
        outcome = Outcome.FAIL if harm else Outcome.PASS if safe else Outcome.UNKNOWN
        words = {Outcome.FAIL: "proven", Outcome.PASS: "ruled out"}.get(outcome, "neither proven nor ruled out")
        reason = f"{_HARMS[guard.name]} by more than {bound:g}: {words} after {n} {_COUNTED[guard.name]}"
        if isinstance(guard, LatencyGuard):
            reason = f"more than {bound:.0%} slow answers: {words} after {n} answers"
    mean = state.over.mean
    return Verdict(
        check=guard.name,
        outcome=outcome,
        reason=reason,
        value=mean if np.isfinite(mean) else None,
        threshold=bound,
        n=n,
        details={"p_over": state.over.p_value, "p_under": state.under.p_value},
    )


_HARMS = {"errors": "a higher share of failures", "quality": "a greater loss", "latency": "slower answers"}
_COUNTED = {"errors": "comparisons", "quality": "labels", "latency": "answers"}


def differences(candidate: Floats, champion: Floats, *, seed: int) -> Floats:
    """Means of groups of the candidate's values, each less the mean of a group of the champion's.

    There are as many groups as the arm with fewer values has values, so each value is used once and the differences are
    independent. The draw depends on `seed` and the counts alone.
    """
    groups = min(len(candidate), len(champion))
    if not groups:
        return np.empty(0)
    rng = np.random.default_rng([seed, len(candidate), len(champion)])
    return _group_means(rng.permutation(candidate), groups) - _group_means(rng.permutation(champion), groups)


def _group_means(values: Floats, groups: int) -> Floats:
    starts = np.arange(groups) * len(values) // groups
    means: Floats = np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))
    return means


def _observe_errors(state: GuardState, evidence: Evidence, before: ArmTotals) -> GuardState:
    candidate, champion = evidence.candidate, evidence.champion
    values = differences(_failures(candidate), _failures(champion), seed=state.over.n)
    if champion.requests >= _LEAST_CHAMPION_SHARE * candidate.requests or not before.requests:
        return _both(state, values)
    # At 100 % the champion answers only what the candidate fails. Its rate so far, taken from above, can still show
    # harm; it cannot show non-inferiority, as its own error would count in the candidate's favour.
    rate = wilson(before.failures, before.requests, _CHAMPION_LEVEL).high
    return GuardState(over=update(state.over, _failures(candidate) - rate), under=update(state.under, values))


def _observe_latency(guard: LatencyGuard, state: GuardState, candidate: ArmTotals, *, before: ArmTotals) -> GuardState:
    limit_us = latency_limit_us(guard, before)
    if limit_us is None:
        return state
    slow_from = int(np.searchsorted(BUCKET_BOUNDS_US, limit_us, side="left")) + 1
    slow, n = sum(candidate.latency_us_buckets[slow_from:]), sum(candidate.latency_us_buckets)
    return GuardState(over=update_counts(state.over, slow, n), under=update_counts(state.under, slow, n))


def latency_limit_us(guard: LatencyGuard, champion: ArmTotals) -> float | None:
    """The latency above which an answer is slow; None while the champion has answered nothing to compare with."""
    usual = champion.latency_us(1.0 - guard.slow_ratio)
    return None if usual is None else max(guard.ratio * usual, float(guard.floor_us))


def _failures(arm: ArmTotals) -> Floats:
    """`(requests,)`: 1 for each that failed, 0 for each that was answered."""
    return np.repeat([1.0, 0.0], [arm.failures, arm.requests - arm.failures])


def _both(state: GuardState, values: Floats) -> GuardState:
    return GuardState(over=update(state.over, values), under=update(state.under, values))
