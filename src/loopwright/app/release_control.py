"""The release controller: looks at the evidence, lets the policy decide, and moves the arms as it says."""

from typing import Any

import msgspec

from loopwright.app.arms import RefMoves, alone, current_arms, move_arms
from loopwright.app.champion import Change, champion_move, moved_draft
from loopwright.app.kill_switch import not_killed
from loopwright.app.release_evidence import EvidenceGatherer, Gathered
from loopwright.app.running_release import Entry, RunningRelease, last_event, running_release, turn_of, turn_ref
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.errors import ConflictError, ReleaseError
from loopwright.release.policy import Judgement, decide

CONTROLLER = "controller"
_OUTCOMES = {"promote": "promoted", "rollback": "rolled_back", "inconclusive": "inconclusive"}


class ReleaseController:
    """Moves the releases of one workspace; one process at a time does, the one that holds the controller's lease.

    Two that both believe they lead do no harm: each move is refused to whoever has not seen the one before it.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._gatherer = EvidenceGatherer(workspace)

    def step(self, endpoint: str) -> Judgement | None:
        """Look once at the endpoint's release; None where there is none, or somebody moved it meanwhile.

        A decision and what follows from it are one commit: a kill before it leaves the evidence to be counted again, a
        kill after it has moved everything.
        """
        turn = turn_of(self._workspace, endpoint)
        release = running_release(self._workspace, endpoint)
        if release is None:
            return None
        gathered = self._gatherer.gather(release)
        now = self._workspace.clock.now()
        judged = decide(release.plan, release.state, gathered.evidence, now=now)
        after = msgspec.structs.replace(
            release,
            state=judged.state,
            counted_until=gathered.until,
            labels_until=gathered.until,
            totals=gathered.totals,
        )
        try:
            if judged.decision == "hold":
                expect = {turn_ref(self._workspace, endpoint): turn}
                self._workspace.stores.ledger.commit(expect=expect, records=[after.record(now)], durability="normal")
            else:
                self._move(after, judged, gathered, turn=turn)
        except ConflictError:
            return None
        return judged

    def _move(self, release: RunningRelease, judged: Judgement, gathered: Gathered, *, turn: str | None) -> None:
        arms = current_arms(self._workspace, release.plan.endpoint)
        if arms is None:
            raise ReleaseError(f"the endpoint {release.plan.endpoint!r} has no arms")
        plan, now = release.plan, self._workspace.clock.now()
        if judged.decision == "advance":
            following = arms.with_canary(plan.candidate, judged.share, release=release.id)
        elif judged.decision == "promote":
            following = alone(arms, plan.candidate, previous=plan.champion)
        else:
            following = alone(arms, plan.champion, previous=arms.previous)
        entry = Entry(
            at=now,
            decision=judged.decision,
            shares={arm.name: arm.share for arm in following.arms},
            reasons=judged.reasons,
            requests=release.state.requests,
            labels=release.state.labels,
            verdicts=tuple(msgspec.to_builtins(verdict) for verdict in judged.verdicts),
        )
        release = release.moved(entry)
        moves: RefMoves = {turn_ref(self._workspace, plan.endpoint): (turn, release.turn)}
        drafts = self._drafts(release, judged, gathered, now=now)
        if judged.decision == "promote":
            change = Change(
                endpoint=plan.endpoint,
                before=plan.champion,
                after=plan.candidate,
                reason="its release ended well",
                actor=CONTROLLER,
            )
            moves = {**moves, **champion_move(self._workspace, change)}
            drafts.append(moved_draft(self._workspace, change, caused_by_drafts=(0,)))
        if judged.decision in ("promote", "advance"):
            moves = {**moves, **not_killed(self._workspace, plan.endpoint)}
        move_arms(self._workspace, following, events=drafts, records=[release.record(now)], moves=moves)

    def _drafts(
        self, release: RunningRelease, judged: Judgement, gathered: Gathered, *, now: Micros
    ) -> list[EventDraft]:
        plan = release.plan
        tripped = (gathered.tripped_event,) if gathered.tripped_event else ()
        data: dict[str, Any] = {
            "endpoint": plan.endpoint,
            "candidate": plan.candidate,
            "share": judged.share,
            "step": judged.state.step,
            "requests": judged.state.requests,
            "labels": judged.state.labels,
            "reason": "; ".join(judged.reasons),
        }
        if judged.decision != "advance":
            data["outcome"] = _OUTCOMES[judged.decision]
        draft = EventDraft(
            kind="release_step" if judged.decision == "advance" else "release_finished",
            subject=f"release:{release.id}",
            data=data,
            caused_by=(*last_event(self._workspace, plan.endpoint), *tripped),
            actor=CONTROLLER,
            logical_at=now,
        )
        return [draft]
