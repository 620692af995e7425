"""How evidence moves a release: a pure function of (plan, state, evidence, now) to decision, new state and reasons.

A candidate is promoted only if every required guard has proven it non-inferior, so one that is worse than a required
margin passes with probability at most alpha whatever the other guards say (Berger 1982, intersection-union tests). It
is taken out if any guard proves harm, each at its part of alpha. No evidence moves nothing.
"""

import msgspec

from loopwright.core.clock import Micros, iso
from loopwright.core.verdict import Verdict
from loopwright.errors import ReleaseError
from loopwright.observations.arm_stats import ArmTotals
from loopwright.release.evidence import ArmEvidence, Evidence
from loopwright.release.experiment import CHAMPION, ExperimentState, measured
from loopwright.release.freeze import frozen_until
from loopwright.release.guards import begin, judge, observe
from loopwright.release.look import Look, Ruling
from loopwright.release.plan import ReleasePlan
from loopwright.release.routing import Arm
from loopwright.release.state import ArmState, Decision, Judgement, ReleaseState, Status, added
from loopwright.release.strategies import ab_test, bandit, blue_green, canary, shadow
from loopwright.release.strategy import ABTest, Bandit, BlueGreen, Canary, Shadow, Strategy

_ENDS: dict[Decision, Status] = {
    "promote": "promoted",
    "rollback": "rolled_back",
    "inconclusive": "inconclusive",
}


def start(plan: ReleasePlan, now: Micros) -> ReleaseState:
    """The state of a release that begins now."""
    return _begun(
        plan,
        ReleaseState(started_at=now, stage_since=now, step_since=now, champion=ArmTotals(), arms={}),
    )


def wanted(plan: ReleasePlan, state: ReleaseState) -> tuple[Arm, ...]:
    """Who answers in this state, and who gets copies: one champion, and what stands beside it."""
    if state.status != "running":
        version = plan.champion if state.winner is None else plan.candidates[state.winner]
        return (Arm(name=CHAMPION, role="champion", version=version, share=1.0),)
    strategy = plan.stages[state.stage]
    match strategy:
        case Canary():
            return canary.arms(plan, strategy, state)
        case BlueGreen():
            return blue_green.arms(plan, strategy, state)
        case Shadow():
            return shadow.arms(plan, strategy, state)
        case ABTest() | Bandit():
            return ab_test.arms(plan, strategy, state)


def decide(plan: ReleasePlan, state: ReleaseState, evidence: Evidence, *, now: Micros) -> Judgement:
    """Take in what has come in since the last decision, and decide.

    Args:
        plan: The release.
        state: After the last decision.
        evidence: What has come in since; each request, label and unit once in a release.
        now: The workspace's time.

    Raises:
        ReleaseError: The release has ended.
        ValueError: A loss or an output lies outside its range.
    """
    if state.status != "running":
        raise ReleaseError(f"the release of {plan.endpoint!r} has ended", why=f"it is {state.status}")
    strategy = plan.stages[state.stage]
    seen = _with_evidence(plan, state, evidence)
    look = Look(
        plan=plan,
        state=seen,
        verdicts={name: _verdicts(plan, seen, name) for name in seen.arms},
        tripped={name: why for name in seen.arms if (why := evidence.of(name).tripped) is not None},
        now=now,
    )
    decision, ruling = _braked(look, _ruling(strategy, look))
    after = ruling.state
    if decision in _ENDS:
        after = msgspec.structs.replace(after, status=_ENDS[decision])
    elif after.stage != state.stage:
        after = _begun(plan, after)
    return Judgement(
        decision=decision,
        state=after,
        arms=wanted(plan, after),
        reasons=ruling.reasons,
        verdicts=tuple(verdict for name in seen.arms for verdict in look.verdicts[name]),
    )


def _ruling(strategy: Strategy, look: Look) -> Ruling:
    match strategy:
        case Canary():
            return canary.rule(strategy, look)
        case BlueGreen():
            return blue_green.rule(strategy, look)
        case Shadow():
            return shadow.rule(strategy, look)
        case ABTest():
            return ab_test.rule(strategy, look)
        case Bandit():
            return bandit.rule(strategy, look)


def _braked(look: Look, ruling: Ruling) -> tuple[Decision, Ruling]:
    """What a pause and a freeze leave of a ruling: taking traffic away is never forbidden."""
    if ruling.harm:
        return ruling.decision, ruling
    if look.state.paused_at is not None:
        reasons = (f"paused since {iso(look.state.paused_at)}", *ruling.reasons)
        return "paused", Ruling(decision="hold", state=look.state, reasons=reasons)
    until = frozen_until(look.plan.stages[look.state.stage].freeze, look.now)
    if until is not None and ruling.decision in ("advance", "promote"):
        reasons = (f"frozen until {iso(until)}", *ruling.reasons)
        return "hold", Ruling(decision="hold", state=look.state, reasons=reasons)
    return ruling.decision, ruling


def _begun(plan: ReleasePlan, state: ReleaseState) -> ReleaseState:
    """The state at the beginning of its stage: guards begin anew, as each stage watches other requests."""
    strategy = plan.stages[state.stage]
    arms = {
        name: ArmState(
            requests=state.arms[name].requests if name in state.arms else 0,
            guards={guard.name: begin(guard) for guard in strategy.guards},
        )
        for name in plan.candidates
    }
    experiment: ExperimentState | None = None
    if isinstance(strategy, ABTest):
        experiment = ab_test.begin(plan, strategy)
    if isinstance(strategy, Bandit):
        experiment = bandit.begin(plan)
    return msgspec.structs.replace(state, arms=arms, experiment=experiment)


def _with_evidence(plan: ReleasePlan, state: ReleaseState, evidence: Evidence) -> ReleaseState:
    strategy = plan.stages[state.stage]
    champion = evidence.of(CHAMPION)
    arms = {
        name: _observed(plan, strategy, arm, ours=evidence.of(name), champion=champion, before=state.champion)
        for name, arm in state.arms.items()
    }
    experiment = state.experiment
    if experiment is not None and isinstance(strategy, ABTest | Bandit):
        covariates = isinstance(strategy, ABTest) and strategy.cuped
        experiment = measured(experiment, strategy, evidence, covariates=covariates)
    requests = sum(evidence.of(name).totals.requests for name in state.arms)
    return msgspec.structs.replace(
        state,
        step_requests=state.step_requests + requests,
        requests=state.requests + requests,
        labels=state.labels + sum(len(evidence.of(name).paired.losses) for name in state.arms),
        champion=added(state.champion, champion.totals),
        arms=arms,
        experiment=experiment,
    )


def _observed(
    plan: ReleasePlan,
    strategy: Strategy,
    arm: ArmState,
    *,
    ours: ArmEvidence,
    champion: ArmEvidence,
    before: ArmTotals,
) -> ArmState:
    guards = {
        guard.name: observe(guard, arm.guards[guard.name], ours, champion=champion, before=before, task=plan.task)
        for guard in strategy.guards
    }
    return msgspec.structs.replace(arm, requests=arm.requests + ours.totals.requests, guards=guards)


def _verdicts(plan: ReleasePlan, state: ReleaseState, name: str) -> tuple[Verdict, ...]:
    """One verdict a guard; named after the candidate too where there are several."""
    strategy = plan.stages[state.stage]
    found = tuple(
        judge(
            guard,
            state.arms[name].guards[guard.name],
            alpha_harm=plan.alpha_of_a_guard(state.stage),
            alpha_safe=strategy.alpha / len(plan.candidates),
        )
        for guard in strategy.guards
    )
    if len(plan.candidates) == 1:
        return found
    return tuple(msgspec.structs.replace(verdict, check=f"{name}/{verdict.check}") for verdict in found)
