"""An A/B/n test: variants against the champion on a metric, units sticky, looked at as often as one likes."""

from collections.abc import Sequence
from math import log

import msgspec

from loopwright.release.experiment import CHAMPION, ExperimentState, begin_trial, gain, without
from loopwright.release.look import Look, Ruling
from loopwright.release.plan import ReleasePlan
from loopwright.release.routing import Arm
from loopwright.release.state import ReleaseState
from loopwright.release.strategy import ABTest, Bandit


def begin(plan: ReleasePlan, strategy: ABTest) -> ExperimentState:
    """Every variant with its share, nothing seen yet."""
    names = tuple(plan.candidates)
    even = 1.0 / (len(names) + 1)
    shares = [even] * len(names) if strategy.shares is None else [share / 100 for share in strategy.shares]
    return ExperimentState(
        trials={name: begin_trial(_bound(strategy), covariates=strategy.cuped) for name in names},
        shares={CHAMPION: 1.0 - sum(shares), **dict(zip(names, shares, strict=True))},
    )


def arms(plan: ReleasePlan, strategy: ABTest | Bandit, state: ReleaseState) -> tuple[Arm, ...]:  # noqa: ARG001 - one form for all
    """The champion, and every variant that still stands."""
    shares = state.experiment.shares if state.experiment else {CHAMPION: 1.0}
    variants = tuple(
        Arm(name=name, role="variant", version=plan.candidates[name], share=shares[name]) for name in state.standing
    )
    rest = 1.0 - sum(arm.share for arm in variants)
    return (Arm(name=CHAMPION, role="champion", version=plan.champion, share=max(rest, 0.0)), *variants)


def rule(strategy: ABTest, look: Look) -> Ruling:
    """Out with what is proven worse; the end where a variant has won, none is left or the time is up."""
    found = look.state.experiment or ExperimentState()
    if found.sample_ratio >= -log(strategy.sample_ratio_alpha):
        return Ruling(decision="inconclusive", state=look.state, reasons=(_out_of_ratio(found),), harm=True)
    worse = {name: reasons for name in look.state.standing if (reasons := _worse(strategy, look, found, name=name))}
    if worse:
        return drop(look, worse)
    missing = {name: _missing(strategy, look, found, name=name) for name in look.state.standing}
    winners = [name for name, lacks in missing.items() if not lacks]
    if winners:
        best = max(winners, key=lambda name: gain(found, name))
        reason = f"{best} is proven {_claim(strategy)} than the champion on {strategy.metric}"
        return Ruling(decision="promote", state=msgspec.structs.replace(look.state, winner=best), reasons=(reason,))
    reasons = tuple(f"{name}: {lack}" for name, lacks in missing.items() for lack in lacks)
    if look.overdue:
        return Ruling(
            decision="inconclusive", state=look.state, reasons=(*look.overdue, "no variant has won", *reasons)
        )
    return Ruling(decision="hold", state=look.state, reasons=reasons)


def drop(look: Look, worse: dict[str, tuple[str, ...]]) -> Ruling:
    """Take variants out; a rollback where none is left."""
    state = look.state
    for name, reasons in worse.items():
        taken = msgspec.structs.replace(state.arms[name], dropped="; ".join(reasons))
        experiment = without(state.experiment, name) if state.experiment else None
        state = msgspec.structs.replace(state, arms=state.arms | {name: taken}, experiment=experiment)
    reasons = tuple(f"{name}: {reason}" for name, found in worse.items() for reason in found)
    return Ruling(decision="advance" if state.standing else "rollback", state=state, reasons=reasons, harm=True)


def _worse(strategy: ABTest, look: Look, found: ExperimentState, *, name: str) -> tuple[str, ...]:
    harms = look.harms(name)
    alpha = strategy.alpha / (2 * len(look.plan.candidates))
    if found.trials[name].worse.rejects(alpha) and _enough(strategy, found, [name, CHAMPION]):
        return (*harms, f"it is proven worse than the champion on {strategy.metric}")
    return harms


def _missing(strategy: ABTest, look: Look, found: ExperimentState, *, name: str) -> tuple[str, ...]:
    """What stands between a variant and its win, in words."""
    if not _enough(strategy, found, [name, CHAMPION]):
        return (f"{strategy.metric} of fewer than {strategy.min_units} units is known",)
    missing = []
    trial = found.trials[name]
    if not trial.better.rejects(strategy.alpha / len(look.plan.candidates)):
        missing.append(f"not yet proven {_claim(strategy)} on {strategy.metric} after {trial.better.n} comparisons")
    return (*missing, *look.unproven(name, "last"))


def _enough(strategy: ABTest, found: ExperimentState, names: Sequence[str]) -> bool:
    return all(name in found.arms and found.arms[name].n >= strategy.min_units for name in names)


def _bound(strategy: ABTest) -> float:
    effect = strategy.min_effect if strategy.non_inferior is None else -strategy.non_inferior
    return effect / (strategy.high - strategy.low)


def _claim(strategy: ABTest) -> str:
    if strategy.non_inferior is not None:
        return f"worse by less than {strategy.non_inferior:g}"
    return f"better by more than {strategy.min_effect:g}" if strategy.min_effect else "better"


def _out_of_ratio(found: ExperimentState) -> str:
    counts = ", ".join(f"{name} {found.units.get(name, 0)}" for name in found.shares)
    return f"the units are not dealt as the shares say ({counts}): something loses them, and no comparison holds"
