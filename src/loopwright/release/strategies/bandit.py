"""A bandit: shares follow the probability of being best, batch by batch, until one arm is."""

import msgspec
import numpy as np

from loopwright.release.experiment import CHAMPION, ExperimentState
from loopwright.release.look import Look, Ruling
from loopwright.release.plan import ReleasePlan
from loopwright.release.span import duration
from loopwright.release.state import ReleaseState
from loopwright.release.strategies.ab_test import drop
from loopwright.release.strategy import Bandit
from loopwright.stats.bandit import floored, probability_best
from loopwright.stats.control_variate import Moments


def begin(plan: ReleasePlan) -> ExperimentState:
    """Even shares, nothing seen yet."""
    names = (CHAMPION, *plan.candidates)
    return ExperimentState(shares=dict.fromkeys(names, 1.0 / len(names)))


def rule(strategy: Bandit, look: Look) -> Ruling:
    """Out with what a guard objects to; new shares with every batch; the end where one arm is surely best."""
    worse = {name: harms for name in look.state.standing if (harms := look.harms(name))}
    if worse:
        return drop(look, worse)
    found = look.state.experiment or ExperimentState()
    names = (CHAMPION, *look.state.standing)
    thin = [name for name in names if found.arms.get(name, Moments()).n < strategy.burn_in]
    chances = _chances(found, names)
    best = max(names, key=lambda name: chances[name])
    if not thin and chances[best] >= strategy.win_probability:
        return _ended(strategy, look, best, chance=chances[best])
    if look.overdue:
        return Ruling(decision="inconclusive", state=look.state, reasons=(*look.overdue, "no arm is surely the best"))
    if thin:
        return Ruling(decision="hold", state=look.state, reasons=(f"too few values yet of {', '.join(thin)}",))
    lacking = look.wanting(0, duration("every", strategy.every))
    if lacking:
        return Ruling(decision="hold", state=look.state, reasons=lacking)
    return _dealt(strategy, look, found, chances=chances)


def _chances(found: ExperimentState, names: tuple[str, ...]) -> dict[str, float]:
    """The probability of being best, by arm. The draw depends on what was seen alone."""
    sums = [found.arms.get(name, Moments()) for name in names]
    chances = probability_best([s.y for s in sums], [s.n for s in sums], seed=sum(s.n for s in sums))
    return dict(zip(names, chances.tolist(), strict=True))


def _ended(strategy: Bandit, look: Look, best: str, *, chance: float) -> Ruling:
    reason = f"{best} is the best on {strategy.metric} with probability {chance:.3f}"
    if best == CHAMPION:
        return Ruling(decision="rollback", state=look.state, reasons=(reason,))
    missing = look.unproven(best, "last")
    if not missing:
        return Ruling(decision="promote", state=msgspec.structs.replace(look.state, winner=best), reasons=(reason,))
    if look.overdue:
        return Ruling(decision="inconclusive", state=look.state, reasons=(*look.overdue, *missing))
    return Ruling(decision="hold", state=look.state, reasons=(reason, *missing))


def _dealt(strategy: Bandit, look: Look, found: ExperimentState, *, chances: dict[str, float]) -> Ruling:
    """The next batch's shares."""
    shares = floored(np.array(list(chances.values())), strategy.min_share / 100)
    dealt = found.shares | dict(zip(chances, shares.tolist(), strict=True))
    state: ReleaseState = msgspec.structs.replace(
        look.state,
        step=look.state.step + 1,
        step_since=look.now,
        step_requests=0,
        experiment=msgspec.structs.replace(found, shares=dealt, units={}),
    )
    words = ", ".join(f"{name} {share:.0%}" for name, share in dealt.items())
    return Ruling(decision="advance", state=state, reasons=(f"shares follow what was earned: {words}",))
