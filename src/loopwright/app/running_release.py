"""A release as the ledger keeps it.

Its plan, its state, how far evidence has been counted, and every step's figures.
"""

from typing import Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.observations.arm_stats import ArmTotals
from loopwright.release.plan import ReleasePlan
from loopwright.release.policy import ReleaseState
from loopwright.store.ledger import Record


class RunningRelease(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a record of kind `release`.

    Attributes:
        id: As `rel_…`.
        plan: What was decided before it started.
        needs: What it needs at the traffic of the day before, in words.
        state: The policy's state.
        counted_until: Receipt time up to which outputs have been counted.
        labels_until: Known-at time up to which labels have been counted.
        totals: Counts by arm that have been handed to the policy.
        event: The journal's newest event of this release, which the next one names as its cause.
        steps: One entry a decision that moved something: time, decision, share, reasons, verdicts.
    """

    id: str
    plan: ReleasePlan
    state: ReleaseState
    counted_until: Micros
    labels_until: Micros
    needs: tuple[str, ...] = ()
    totals: dict[str, ArmTotals] = {}
    event: int = 0
    steps: tuple[dict[str, Any], ...] = ()

    def record(self, now: Micros) -> Record:
        """The record as it is written."""
        facets: dict[str, str | float | int | bool] = {
            "endpoint": self.plan.endpoint,
            "status": self.state.status,
            "candidate": self.plan.candidate,
            "step": self.state.step,
        }
        return Record(kind="release", id=self.id, data=msgspec.to_builtins(self), facets=facets, at=now)
