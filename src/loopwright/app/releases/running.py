"""A release as the ledger keeps it.

Its plan, its state, how far evidence has been counted, and every step's figures.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.observations.arm_stats import ArmTotals
from loopwright.release.plan import ReleasePlan
from loopwright.release.state import ReleaseState
from loopwright.release.stored import current_plan, current_state
from loopwright.store.ledger import Record

KIND = "release"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a release's record: something moved, or somebody spoke.

    Attributes:
        at: When, by the workspace's clock.
        decision: `start`, `advance`, `promote`, `rollback`, `inconclusive`, `pause`, `resume`, `abort`.
        actor: `controller`, or the person.
        shares: Each arm's share of the traffic from then on, by name.
        reasons: In words, the decisive one first.
        requests: Of the arms on trial, over the release until then.
        labels: Compared over the release until then.
        verdicts: One a guard, as it stood.
        override: Somebody's word for what was not proven.
    """

    at: Micros
    decision: str
    actor: str = "controller"
    shares: dict[str, float] = {}
    reasons: tuple[str, ...] = ()
    requests: int = 0
    labels: int = 0
    verdicts: tuple[dict[str, Any], ...] = ()
    override: str | None = None

    @property
    def split(self) -> str:
        """The shares in words; beside a champion that answers everything, the others' are of copies."""
        copied = self.shares.get("champion", 0.0) >= 1.0
        return ", ".join(
            f"copies to {name} {share:.0%}" if copied and name != "champion" else f"{name} {share:.0%}"
            for name, share in sorted(self.shares.items(), key=lambda pair: (pair[0] != "champion", pair[0]))
        )


class RunningRelease(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a record of kind `release`.

    Attributes:
        id: As `rel_…`.
        plan: What was decided before it started.
        needs: What it needs at the traffic of the day before, in words.
        state: The policy's state.
        counted_until: Receipt time up to which requests have been looked at.
        labels_until: Known-at time up to which labels have been counted.
        settled_until: Receipt time before which no count can change any more.
        settled: Counts by arm before that.
        totals: Counts by arm that have been handed to the policy.
        verdicts: One a guard, as the last look left it.
        reasons: What the last look said, in words.
        steps: What happened, in order.
        revision: Counts its moves; see `turn`.
    """

    id: str
    plan: ReleasePlan
    state: ReleaseState
    counted_until: Micros
    labels_until: Micros
    settled_until: Micros = 0
    needs: tuple[str, ...] = ()
    settled: dict[str, ArmTotals] = {}
    totals: dict[str, ArmTotals] = {}
    verdicts: tuple[dict[str, Any], ...] = ()
    reasons: tuple[str, ...] = ()
    steps: tuple[Entry, ...] = ()
    revision: int = 0

    @property
    def turn(self) -> str:
        """What the ref `turn_ref` names while this is the newest move."""
        return f"{self.id}#{self.revision}"

    def moved(self, entry: Entry, **changes: Any) -> "RunningRelease":
        """The same after one more move."""
        return msgspec.structs.replace(self, steps=(*self.steps, entry), revision=self.revision + 1, **changes)

    def record(self, now: Micros) -> Record:
        """The record as it is written."""
        facets: dict[str, str | float | int | bool] = {
            "endpoint": self.plan.endpoint,
            "status": self.state.status,
            "candidate": self.plan.candidate,
            "step": self.state.step,
        }
        return Record(kind=KIND, id=self.id, data=msgspec.to_builtins(self), facets=facets, at=now)


def turn_ref(workspace: Workspace, endpoint: str) -> str:
    """The ref that every move of a release of the endpoint moves, so that of two that begin at once one is refused."""
    return workspace.ref("release", endpoint, "turn")


def turn_of(workspace: Workspace, endpoint: str) -> str | None:
    """Where the turn stands; read it before the release that is to be moved."""
    return workspace.stores.ledger.ref(turn_ref(workspace, endpoint))


def last_event(workspace: Workspace, endpoint: str) -> tuple[int, ...]:
    """The journal's newest event of the endpoint's newest release, as a cause."""
    moves = workspace.stores.ledger.history(turn_ref(workspace, endpoint))
    return (moves[-1].seq,) if moves and moves[-1].seq else ()


def running_release(workspace: Workspace, endpoint: str) -> RunningRelease | None:
    """The release under way, if any."""
    found = workspace.stores.ledger.search(KIND, where={"endpoint": endpoint, "status": "running"}, limit=1)
    return read_release(found[0].data) if found else None


def read_release(data: Mapping[str, Any]) -> RunningRelease:
    """A release from its record's data, whichever version wrote it."""
    known = {**data, "plan": current_plan(data["plan"]), "state": current_state(data["state"])}
    return msgspec.convert(known, RunningRelease)
