"""How evidence moves a release: a pure function of (plan, state, evidence, now) to decision, new state and reasons.

A candidate is promoted only if every required guard has proven it non-inferior, so one that is worse than a required
margin passes with probability at most alpha whatever the other guards say (Berger 1982, intersection-union tests). It
is rolled back if any guard proves harm, each at its part of alpha. No evidence moves nothing.
"""

from typing import Literal

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import ReleaseError
from loopwright.observations.arm_stats import COUNTS, ArmTotals
from loopwright.release.evidence import Evidence
from loopwright.release.guards import GuardState, begin, judge, observe
from loopwright.release.plan import ReleasePlan

Decision = Literal["advance", "hold", "rollback", "promote", "inconclusive"]
Status = Literal["running", "promoted", "rolled_back", "inconclusive"]
_ENDS: dict[Decision, Status] = {
    "promote": "promoted",
    "rollback": "rolled_back",
    "inconclusive": "inconclusive",
}


class ReleaseState(msgspec.Struct, frozen=True, kw_only=True):
    """A release under way, or ended. JSON by msgspec.

    Attributes:
        status: Whether it goes on.
        step: Which step, from 0.
        started_at: When the release began, by the workspace's clock.
        step_since: When the step began.
        step_requests: What the candidate has answered or failed in this step.
        requests: The same, over the release.
        labels: Labelled requests compared, over the release.
        champion: The champion's counts over the release.
        guards: Evidence by guard.
    """

    status: Status = "running"
    step: int = 0
    started_at: Micros
    step_since: Micros
    step_requests: int = 0
    requests: int = 0
    labels: int = 0
    champion: ArmTotals
    guards: dict[str, GuardState]
    format: int = 1


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done.

    Attributes:
        decision: advance (to the next share), hold, rollback and inconclusive (champion kept, candidate at zero),
            promote (the candidate becomes champion).
        state: The new state.
        share: The candidate's share of the traffic from now on.
        reasons: In words, the decisive one first.
        verdicts: One a guard.
    """

    decision: Decision
    state: ReleaseState
    share: float
    reasons: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def start(plan: ReleasePlan, now: Micros) -> ReleaseState:
    """The state of a release that begins now."""
    guards = {guard.name: begin(guard) for guard in plan.guards}
    return ReleaseState(started_at=now, step_since=now, champion=ArmTotals(), guards=guards)


def decide(plan: ReleasePlan, state: ReleaseState, evidence: Evidence, *, now: Micros) -> Judgement:
    """Take in what has come in since the last decision, and decide.

    Args:
        plan: The release.
        state: After the last decision.
        evidence: What has come in since; each request and each label once in a release.
        now: The workspace's time.

    Raises:
        ReleaseError: The release has ended.
        ValueError: A loss or an output lies outside its range.
    """
    if state.status != "running":
        raise ReleaseError(f"the release of {plan.endpoint!r} has ended", why=f"it is {state.status}")
    seen = _with_evidence(plan, state, evidence)
    verdicts = tuple(
        judge(guard, seen.guards[guard.name], alpha_harm=plan.alpha_of_a_guard, alpha_safe=plan.alpha)
        for guard in plan.guards
    )
    decision, reasons = _decision(plan, seen, verdicts, tripped=evidence.tripped, now=now)
    after, share = _after(plan, seen, decision, now=now)
    return Judgement(decision=decision, state=after, share=share, reasons=reasons, verdicts=verdicts)


def _with_evidence(plan: ReleasePlan, state: ReleaseState, evidence: Evidence) -> ReleaseState:
    guards = {
        guard.name: observe(guard, state.guards[guard.name], evidence, before=state.champion) for guard in plan.guards
    }  # fmt: skip
    return msgspec.structs.replace(
        state,
        step_requests=state.step_requests + evidence.candidate.requests,
        requests=state.requests + evidence.candidate.requests,
        labels=state.labels + len(evidence.losses),
        champion=_added(state.champion, evidence.champion),
        guards=guards,
    )


def _decision(
    plan: ReleasePlan, state: ReleaseState, verdicts: tuple[Verdict, ...], *, tripped: str | None, now: Micros
) -> tuple[Decision, tuple[str, ...]]:
    harms = tuple(f"{v.check}: {v.reason}" for v in verdicts if v.outcome == Outcome.FAIL)
    if tripped is not None:
        return "rollback", (f"a breaker has stopped the candidate: {tripped}", *harms)
    if harms:
        return "rollback", harms
    missing = _missing(plan, state, verdicts, now=now)
    if not missing:
        if state.step == plan.last_step:
            return "promote", ("every step is done and every required guard has ruled harm out",)
        return "advance", (f"step {state.step + 1} of {len(plan.shares)} is done and its required guards have passed",)
    if now - state.started_at >= plan.max_time:
        return "inconclusive", (f"no decision within {_span(plan.max_time)}", *missing)
    return "hold", missing


def _missing(plan: ReleasePlan, state: ReleaseState, verdicts: tuple[Verdict, ...], *, now: Micros) -> tuple[str, ...]:
    """What stands between this step and the next, in words; empty if nothing does."""
    missing = []
    if state.step_requests < plan.min_requests:
        missing.append(f"{plan.min_requests - state.step_requests} more requests at this step")
    if now - state.step_since < plan.min_time:
        missing.append(f"{_span(plan.min_time - (now - state.step_since))} more at this step")
    wanted = ("every_step", "last_step") if state.step == plan.last_step else ("every_step",)
    found = {verdict.check: verdict for verdict in verdicts}
    for guard in plan.guards:
        verdict = found[guard.name]
        if guard.required in wanted and verdict.outcome != Outcome.PASS:
            missing.append(f"{guard.name}: {verdict.reason}")
    if any(v.outcome == Outcome.WARN for v in verdicts) and not _proven(found.get("quality")):
        missing.append("the outputs have shifted, and labels have not yet shown that the quality holds")
    return tuple(missing)


def _proven(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.outcome == Outcome.PASS


def _after(plan: ReleasePlan, state: ReleaseState, decision: Decision, *, now: Micros) -> tuple[ReleaseState, float]:
    """The state that a decision leads to, and the candidate's share in it."""
    if decision in _ENDS:
        share = 1.0 if decision == "promote" else 0.0
        return msgspec.structs.replace(state, status=_ENDS[decision]), share
    if decision == "advance":
        state = msgspec.structs.replace(state, step=state.step + 1, step_since=now, step_requests=0)
    return state, plan.shares[state.step]


def _added(one: ArmTotals, other: ArmTotals) -> ArmTotals:
    pairs = zip(one.latency_us_buckets, other.latency_us_buckets, strict=True)
    counts = {name: getattr(one, name) + getattr(other, name) for name in COUNTS}
    return ArmTotals(**counts, latency_us_buckets=tuple(a + b for a, b in pairs))


def _span(length: Micros) -> str:
    """A length of time in words, as `3.5 h`."""
    for unit, name in ((86_400 * SECOND, "d"), (3600 * SECOND, "h"), (60 * SECOND, "min")):
        if length >= unit:
            return f"{length / unit:.3g} {name}"
    return f"{length / SECOND:.3g} s"
