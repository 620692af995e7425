"""The release controller: looks at the evidence, lets the policy decide, and moves the arms as it says."""

from typing import Any

import msgspec

from loopwright.app.arms import current_arms, move_arms
from loopwright.app.release import running_release
from loopwright.app.release_evidence import EvidenceGatherer, Gathered
from loopwright.app.running_release import RunningRelease
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.errors import ReleaseError
from loopwright.release.policy import Judgement, decide

_OUTCOMES = {"promote": "promoted", "rollback": "rolled_back", "inconclusive": "inconclusive"}


class ReleaseController:
    """Moves the releases of one workspace; one process at a time does, the one that holds the controller's lease."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._gatherer = EvidenceGatherer(workspace)

    def step(self, endpoint: str) -> Judgement | None:
        """Look once at the endpoint's release; None where there is none.

        A decision and what follows from it are one commit: a kill before it leaves the evidence to be counted again, a
        kill after it has moved everything.
        """
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
        if judged.decision == "hold":
            self._workspace.stores.ledger.commit(records=[after.record(now)], durability="normal")
        else:
            self._move(after, judged, gathered, now=now)
        return judged

    def _move(self, release: RunningRelease, judged: Judgement, gathered: Gathered, *, now: Micros) -> None:
        arms = current_arms(self._workspace, release.plan.endpoint)
        if arms is None:
            raise ReleaseError(f"the endpoint {release.plan.endpoint!r} has no arms")
        plan = release.plan
        entry = {
            "at": now,
            "decision": judged.decision,
            "share": judged.share,
            "reasons": list(judged.reasons),
            "requests": release.state.requests,
            "labels": release.state.labels,
            "verdicts": msgspec.to_builtins(judged.verdicts),
        }
        release = msgspec.structs.replace(release, steps=(*release.steps, entry))
        champion: tuple[str | None, str] | None = None
        if judged.decision == "advance":
            following = arms.with_canary(plan.candidate, judged.share, release=release.id)
        elif judged.decision == "promote":
            following, champion = arms.with_champion(plan.candidate), (plan.champion, plan.candidate)
        else:
            following = arms.with_champion(plan.champion)
        drafts = self._drafts(release, judged, gathered, now=now)
        written = move_arms(self._workspace, following, events=drafts, records=[release.record(now)], champion=champion)
        release = msgspec.structs.replace(release, event=written[0])
        self._workspace.stores.ledger.commit(records=[release.record(now)], durability="normal")

    def _drafts(
        self, release: RunningRelease, judged: Judgement, gathered: Gathered, *, now: Micros
    ) -> list[EventDraft]:
        plan = release.plan
        causes = tuple(seq for seq in (release.event, gathered.tripped_event) if seq)
        data: dict[str, Any] = {
            "endpoint": plan.endpoint,
            "candidate": plan.candidate,
            "share": judged.share,
            "step": judged.state.step,
            "requests": judged.state.requests,
            "labels": judged.state.labels,
            "reason": "; ".join(judged.reasons),
        }
        subject = f"release:{release.id}"
        if judged.decision == "advance":
            return [
                EventDraft(
                    kind="release_step",
                    subject=subject,
                    data=data,
                    caused_by=causes,
                    actor="controller",
                    logical_at=now,
                )
            ]
        data["outcome"] = _OUTCOMES[judged.decision]
        ended = EventDraft(
            kind="release_finished", subject=subject, data=data, caused_by=causes, actor="controller", logical_at=now
        )
        if judged.decision != "promote":
            return [ended]
        name = self._workspace.ref("model", plan.endpoint, "champion")
        said = {"ref": name, "from": plan.champion, "to": plan.candidate, "reason": "its release ended well"}
        moved = EventDraft(
            kind="ref_moved",
            subject=f"model:{plan.endpoint}",
            data=said,
            caused_by_drafts=(0,),
            actor="controller",
            logical_at=now,
        )
        return [ended, moved]
