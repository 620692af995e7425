"""The release controller: looks at the evidence, lets the policy decide, and moves the arms as it says."""

from typing import Any

import msgspec

from loopwright.app.arms import RefMoves, alone, current_arms, move_arms
from loopwright.app.champion import Change, champion_move, moved_draft
from loopwright.app.releases.course import Point, course_of, evidence_in
from loopwright.app.releases.evidence import EvidenceGatherer, Gathered
from loopwright.app.releases.kill_switch import not_killed
from loopwright.app.releases.running import Entry, RunningRelease, last_event, running_release, turn_of, turn_ref
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import EventDraft
from loopwright.errors import ConflictError, ReleaseError
from loopwright.release.policy import decide
from loopwright.release.routing import Arms
from loopwright.release.state import Judgement
from loopwright.store.ledger import Record

CONTROLLER = "controller"
WRITTEN_EVERY: Micros = 10 * SECOND
"""How old the record of a release without news may be: what a restarted controller reads once more."""
_HELD = ("hold", "paused")
_OUTCOMES = {"promote": "promoted", "rollback": "rolled_back", "inconclusive": "inconclusive"}


class ReleaseController:
    """Moves the releases of one workspace; one process at a time does, the one that holds the controller's lease.

    Two that both believe they lead do no harm: each move is refused to whoever has not seen the one before it.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._gatherers: dict[str, EvidenceGatherer] = {}

    def step(self, endpoint: str) -> Judgement | None:
        """Look once at the endpoint's release; None where there is none, or somebody moved it meanwhile.

        A decision and what follows from it are one commit: a kill before it leaves the evidence to be counted again, a
        kill after it has moved everything.
        """
        turn = turn_of(self._workspace, endpoint)
        release = running_release(self._workspace, endpoint)
        gatherer = self._gatherers.setdefault(endpoint, EvidenceGatherer(self._workspace))
        if release is None:
            gatherer.forget()
            return None
        gathered = gatherer.gather(release)
        now = self._workspace.clock.now()
        judged = decide(release.plan, release.state, gathered.evidence, now=now)
        after = msgspec.structs.replace(
            release,
            state=judged.state,
            counted_until=gathered.until,
            labels_until=gathered.until,
            settled_until=gathered.counts.settled_until,
            settled=gathered.counts.settled,
            totals=gathered.counts.totals,
            verdicts=tuple(msgspec.to_builtins(verdict) for verdict in judged.verdicts),
            reasons=judged.reasons,
        )
        try:
            if judged.decision in _HELD:
                self._keep(release, after, gathered, turn=turn)
            else:
                self._move(after, judged, gathered, turn=turn)
        except ConflictError:
            return None
        return judged

    def _keep(self, before: RunningRelease, after: RunningRelease, gathered: Gathered, *, turn: str | None) -> None:
        """Write what was counted; without news only now and then, so that an idle release costs nothing."""
        if not gathered.some and gathered.until - before.counted_until < WRITTEN_EVERY and before.verdicts:
            return
        now = self._workspace.clock.now()
        expect = {turn_ref(self._workspace, after.plan.endpoint): turn}
        records = [after.record(now), *self._course(after, current_arms(self._workspace, after.plan.endpoint), now)]
        self._workspace.stores.ledger.commit(expect=expect, records=records, durability="normal")

    def _course(self, release: RunningRelease, arms: Arms | None, now: Micros, *, moved: bool = False) -> list[Record]:
        """The release's course with this look, where one is due."""
        course = course_of(self._workspace, release.id)
        if arms is None or not (moved or course.due(now)):
            return []
        point = Point(
            at=now,
            shares={arm.name: arm.share for arm in arms.arms},
            requests=release.state.requests,
            labels=release.state.labels,
            **evidence_in(release.verdicts),
        )
        return [course.with_point(point).record()]

    def _move(self, release: RunningRelease, judged: Judgement, gathered: Gathered, *, turn: str | None) -> None:
        arms = current_arms(self._workspace, release.plan.endpoint)
        if arms is None:
            raise ReleaseError(f"the endpoint {release.plan.endpoint!r} has no arms")
        plan, now = release.plan, self._workspace.clock.now()
        following = self._following(release, judged, arms)
        entry = Entry(
            at=now,
            decision=judged.decision,
            shares={arm.name: arm.share for arm in following.arms},
            reasons=judged.reasons,
            requests=release.state.requests,
            labels=release.state.labels,
            verdicts=release.verdicts,
        )
        release = release.moved(entry)
        moves: RefMoves = {turn_ref(self._workspace, plan.endpoint): (turn, release.turn)}
        drafts = [self._draft(release, judged, gathered, now=now)]
        if judged.decision == "promote":
            change = Change(
                endpoint=plan.endpoint,
                before=plan.champion,
                after=following.champion.version,
                reason="its release ended well",
                actor=CONTROLLER,
            )
            moves = {**moves, **champion_move(self._workspace, change)}
            drafts.append(moved_draft(self._workspace, change, caused_by_drafts=(0,)))
        if judged.decision in ("promote", "advance"):
            moves = {**moves, **not_killed(self._workspace, plan.endpoint)}
        records = [release.record(now), *self._course(release, following, now, moved=True)]
        move_arms(self._workspace, following, events=drafts, records=records, moves=moves)

    def _following(self, release: RunningRelease, judged: Judgement, arms: Arms) -> Arms:
        """The arms that the decision leads to."""
        plan = release.plan
        if judged.decision == "advance":
            return arms.with_arms(judged.arms, release=release.id, unit=plan.unit, cohort=plan.cohort)
        winner = next(arm.version for arm in judged.arms if arm.role == "champion")
        return alone(arms, winner, previous=plan.champion if judged.decision == "promote" else arms.previous)

    def _draft(self, release: RunningRelease, judged: Judgement, gathered: Gathered, *, now: Micros) -> EventDraft:
        plan = release.plan
        data: dict[str, Any] = {
            "endpoint": plan.endpoint,
            "candidate": plan.candidates.get(judged.state.winner or "", plan.candidate),
            "share": judged.share,
            "shares": {arm.name: arm.share for arm in judged.arms},
            "stage": judged.state.stage,
            "step": judged.state.step,
            "requests": judged.state.requests,
            "labels": judged.state.labels,
            "reason": "; ".join(judged.reasons),
        }
        if judged.decision != "advance":
            data["outcome"] = _OUTCOMES[judged.decision]
        return EventDraft(
            kind="release_step" if judged.decision == "advance" else "release_finished",
            subject=f"release:{release.id}",
            data=data,
            caused_by=(*last_event(self._workspace, plan.endpoint), *gathered.tripped),
            actor=CONTROLLER,
            logical_at=now,
        )
