"""A shadow: copies of requests, no answer, and what follows once it has passed."""

import msgspec

from loopwright.release.look import Look, Ruling
from loopwright.release.plan import CANDIDATE, ReleasePlan
from loopwright.release.routing import Arm
from loopwright.release.span import duration
from loopwright.release.state import ReleaseState
from loopwright.release.strategy import Shadow


def arms(plan: ReleasePlan, strategy: Shadow, state: ReleaseState) -> tuple[Arm, ...]:  # noqa: ARG001 - one form for all
    """The champion answers everything; the candidate gets copies."""
    return (
        Arm(name="champion", role="champion", version=plan.champion, share=1.0),
        Arm(name=CANDIDATE, role="shadow", version=plan.candidate, share=strategy.share / 100),
    )


def rule(strategy: Shadow, look: Look) -> Ruling:
    """The end where harm is proven; on to what follows where everything has passed."""
    harms = look.harms(CANDIDATE)
    if harms:
        return Ruling(decision="rollback", state=look.state, reasons=harms, harm=True)
    missing = (
        *look.wanting(strategy.min_requests, duration("min_time", strategy.min_time)),
        *look.unproven(CANDIDATE, "last" if strategy.then is None else "step"),
    )
    if not missing and strategy.then is not None:
        following = msgspec.structs.replace(
            look.state, stage=look.state.stage + 1, step=0, stage_since=look.now, step_since=look.now, step_requests=0
        )
        return Ruling(decision="advance", state=following, reasons=("the shadow has passed",))
    if not missing:
        reason = "the shadow has passed and nothing was declared to follow: the champion stays"
        return Ruling(decision="inconclusive", state=look.state, reasons=(reason,))
    if look.overdue:
        return Ruling(decision="inconclusive", state=look.state, reasons=(*look.overdue, *missing))
    return Ruling(decision="hold", state=look.state, reasons=missing)
