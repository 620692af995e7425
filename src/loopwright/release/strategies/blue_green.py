"""Blue-green: warmed and shadowed, switched at once, watched, and back at once where harm is proven."""

import msgspec

from loopwright.core.clock import Micros
from loopwright.release.look import Look, Ruling
from loopwright.release.plan import CANDIDATE, ReleasePlan
from loopwright.release.routing import Arm
from loopwright.release.span import duration
from loopwright.release.state import ReleaseState
from loopwright.release.strategies.canary import next_step
from loopwright.release.strategy import BlueGreen

_SWITCHED = 1


def arms(plan: ReleasePlan, strategy: BlueGreen, state: ReleaseState) -> tuple[Arm, ...]:
    """Before the switch the candidate stands by as a shadow; after it, it answers everything."""
    share = 1.0 if state.step == _SWITCHED else 0.0
    champion = Arm(name="champion", role="champion", version=plan.champion, share=1.0 - share)
    if state.step == _SWITCHED:
        return champion, Arm(name=CANDIDATE, role="canary", version=plan.candidate, share=1.0)
    return champion, Arm(name=CANDIDATE, role="shadow", version=plan.candidate, share=strategy.shadow / 100)


def rule(strategy: BlueGreen, look: Look) -> Ruling:
    """Back where harm is proven; the switch, then the promotion, where everything has passed."""
    harms = look.harms(CANDIDATE)
    if harms:
        return Ruling(decision="rollback", state=look.state, reasons=harms, harm=True)
    missing = _missing(strategy, look)
    if not missing and look.state.step == _SWITCHED:
        watched = f"it has answered everything for {strategy.watch} and no guard has shown harm"
        return Ruling(
            decision="promote", state=msgspec.structs.replace(look.state, winner=CANDIDATE), reasons=(watched,)
        )
    if not missing:
        return Ruling(decision="advance", state=next_step(look), reasons=("it is warm and no guard objects: switched",))
    if look.overdue:
        return Ruling(decision="inconclusive", state=look.state, reasons=(*look.overdue, *missing))
    return Ruling(decision="hold", state=look.state, reasons=missing)


def _missing(strategy: BlueGreen, look: Look) -> tuple[str, ...]:
    if look.state.step == _SWITCHED:
        watch: Micros = duration("watch", strategy.watch)
        return (*look.wanting(strategy.min_requests, watch), *look.unproven(CANDIDATE, "last"))
    if strategy.shadow > 0:
        return (*look.wanting(strategy.min_requests, 0), *look.unproven(CANDIDATE, "step"))
    lacking = strategy.min_requests - look.state.champion.requests
    return (f"{lacking} more requests to the champion, to compare with",) if lacking > 0 else ()
