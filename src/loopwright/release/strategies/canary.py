"""A canary: a growing share, each step earned by requests, time and guards."""

from typing import Literal

import msgspec

from loopwright.release.look import Look, Ruling
from loopwright.release.plan import CANDIDATE, ReleasePlan
from loopwright.release.routing import Arm
from loopwright.release.span import duration
from loopwright.release.state import ReleaseState
from loopwright.release.strategy import Canary


def arms(plan: ReleasePlan, strategy: Canary, state: ReleaseState) -> tuple[Arm, ...]:
    """The champion, and the candidate at the step's share."""
    share = strategy.steps[state.step] / 100
    return (
        Arm(name="champion", role="champion", version=plan.champion, share=1.0 - share),
        Arm(name=CANDIDATE, role="canary", version=plan.candidate, share=share),
    )


def rule(strategy: Canary, look: Look) -> Ruling:
    """Back where harm is proven, on where everything has passed, else wait until the time is up."""
    harms = look.harms(CANDIDATE)
    if harms:
        return Ruling(decision="rollback", state=look.state, reasons=harms, harm=True)
    place = _place(strategy, look.state.step)
    missing = (
        *look.wanting(strategy.min_requests, duration("min_time", strategy.min_time)),
        *look.unproven(CANDIDATE, place),
    )
    if not missing and place == "last":
        reasons: tuple[str, ...] = ("every step is done and every required guard has ruled harm out",)
        return Ruling(decision="promote", state=msgspec.structs.replace(look.state, winner=CANDIDATE), reasons=reasons)
    if not missing:
        done = f"step {look.state.step + 1} of {len(strategy.steps)} is done and its required guards have passed"
        return Ruling(decision="advance", state=next_step(look), reasons=(done,))
    if look.overdue:
        return Ruling(decision="inconclusive", state=look.state, reasons=(*look.overdue, *missing))
    return Ruling(decision="hold", state=look.state, reasons=missing)


def next_step(look: Look) -> ReleaseState:
    """The state at the beginning of the step that follows."""
    return msgspec.structs.replace(look.state, step=look.state.step + 1, step_since=look.now, step_requests=0)


def _place(strategy: Canary, step: int) -> Literal["step", "last_beside", "last"]:
    last = len(strategy.steps) - 1
    return "last" if step == last else "last_beside" if step == last - 1 else "step"
