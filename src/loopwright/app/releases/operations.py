"""What a person does to a release: pause, resume, abort, promote. Each is one commit with a name and a reason.

Whoever moves a release says which move came before; where somebody else moved it meanwhile, it is looked at again.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from loopwright.app.arms import alone, current_arms, move_arms
from loopwright.app.champion import Change, champion_move, moved_draft
from loopwright.app.releases.kill_switch import not_killed
from loopwright.app.releases.running import Entry, RunningRelease, last_event, running_release, turn_of, turn_ref
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome
from loopwright.errors import ApprovalMissingError, ConflictError, ReleaseError
from loopwright.release.routing import Arms
from loopwright.release.state import paused, resumed
from loopwright.release.strategy import ABTest, Bandit
from loopwright.store.ledger import Record

ATTEMPTS = 8
_T = TypeVar("_T")


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants it, and why."""

    actor: str
    reason: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        endpoint: Whose release.
        action: What was done, as `paused`.
        champion: Who answers now, arms beside it apart.
        release: The release that was moved, if one was.
        events: What was written to the journal.
    """

    endpoint: str
    action: str
    champion: Digest
    release: str | None
    events: tuple[int, ...]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as one moment found it: the move to come after, the release under way if any, and the arms."""

    turn: str | None
    release: RunningRelease | None
    arms: Arms

    def under_way(self) -> RunningRelease:
        """The release. Raises ReleaseError where there is none."""
        if self.release is None:
            raise ReleaseError(
                f"no release of {self.arms.endpoint!r} is under way",
                fix="Run `loopwright release list` to see those that have ended.",
            )
        return self.release


def held(workspace: Workspace, endpoint: str) -> Held:
    """Look at an endpoint, the turn first.

    Raises:
        ReleaseError: It has no arms.
    """
    turn = turn_of(workspace, endpoint)
    release, arms = running_release(workspace, endpoint), current_arms(workspace, endpoint)
    if arms is None:
        raise ReleaseError(
            f"{endpoint!r} has no champion", fix="Run `loopwright status` to see endpoints and their versions."
        )
    return Held(turn=turn, release=release, arms=arms)


def until_won(work: Callable[[], _T]) -> _T:
    """Do it again, from the look on, where another writer was faster.

    Raises:
        ConflictError: Another one was, each time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except ConflictError:
            continue
    return work()


def pause(workspace: Workspace, endpoint: str, word: Word) -> Done:
    """Hold a release where it stands: shares stay, nothing is decided, and harm still rolls back.

    Raises:
        ReleaseError: None is under way, or it is paused already.
    """
    return until_won(lambda: _set_paused(workspace, held(workspace, endpoint), word, now_paused=True))


def resume(workspace: Workspace, endpoint: str, word: Word) -> Done:
    """Let a paused release go on.

    Raises:
        ReleaseError: None is under way, or it is not paused.
    """
    return until_won(lambda: _set_paused(workspace, held(workspace, endpoint), word, now_paused=False))


def _set_paused(workspace: Workspace, at: Held, word: Word, *, now_paused: bool) -> Done:
    release, now = at.under_way(), workspace.clock.now()
    action = "paused" if now_paused else "resumed"
    state = paused(release.state, now) if now_paused else resumed(release.state, now)
    decision, kind = ("pause", "release_paused") if now_paused else ("resume", "release_resumed")
    entry = Entry(at=now, decision=decision, actor=word.actor, shares=shares_of(at.arms), reasons=(word.reason,))
    after = release.moved(entry, state=state)
    ref = turn_ref(workspace, at.arms.endpoint)
    written = workspace.stores.ledger.commit(
        expect={ref: at.turn},
        moves={ref: after.turn},
        records=[after.record(now)],
        events=[draft_of(workspace, after, kind, word=word)],
    )
    return done(at.arms, action, release=release.id, events=tuple(event.seq for event in written))


def abort(workspace: Workspace, endpoint: str, word: Word) -> Done:
    """End a release: the champion answers everything again.

    Raises:
        ReleaseError: None is under way.
    """
    return until_won(lambda: end(workspace, held(workspace, endpoint), word, outcome="aborted"))


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with the end of a release, in the same commit: refs that move, records, and events said after it.

    `following` are the arms from then on; the release's champion alone where None.
    """

    moves: dict[str, tuple[str | None, str | None]] = {}
    records: tuple[Record, ...] = ()
    drafts: tuple[EventDraft, ...] = ()
    following: Arms | None = None


def end(workspace: Workspace, at: Held, word: Word, *, outcome: str, beside: Beside | None = None) -> Done:
    """End the release under way without its candidates: `aborted`, or `rolled_back`."""
    release, also = at.under_way(), beside or Beside()
    following = also.following or alone(at.arms, release.plan.champion, previous=at.arms.previous)
    after = _ended(workspace, release, word, following=following, outcome=outcome)
    said = draft_of(workspace, after, "release_finished", word=word, outcome=outcome, share=0.0)
    events = move_arms(
        workspace,
        following,
        events=[said, *also.drafts],
        records=[after.record(workspace.clock.now()), *also.records],
        moves={**also.moves, turn_ref(workspace, following.endpoint): (at.turn, after.turn)},
    )
    return done(following, outcome, release=release.id, events=events)


def promote_now(
    workspace: Workspace, endpoint: str, word: Word, *, version: Digest | None = None, override: bool = False
) -> Done:
    """Make a release's candidate champion before its time.

    Args:
        workspace: The workspace.
        endpoint: Whose release.
        word: Who, and why; the reason is the override's where one is needed.
        version: Which of several candidates.
        override: Somebody's word stands for required guards that have not passed.

    Raises:
        ReleaseError: None is under way, or a breaker has stopped the candidate.
        ApprovalMissingError: A required guard has not passed, and nobody overrides it.
    """
    return until_won(lambda: _promote(workspace, held(workspace, endpoint), word, version=version, override=override))


def _promote(workspace: Workspace, at: Held, word: Word, *, version: Digest | None, override: bool) -> Done:
    release = at.under_way()
    plan = release.plan
    chosen = chosen_candidate(release, version)
    if workspace.stores.ledger.record("arm_trip", f"{plan.endpoint}/{release.id}/{chosen}") is not None:
        raise ReleaseError(
            f"a breaker has stopped {chosen[:12]}",
            why="no word stands against a version that fails its requests",
            fix="Release another version.",
        )
    missing = unproven(release, chosen)
    if missing and not override:
        raise ApprovalMissingError(
            f"the release {release.id} has not proven everything that it must",
            why="; ".join(missing),
            fix='Wait, or say why it may go on all the same: loopwright release promote --override "REASON".',
            missing=list(missing),
        )
    following = alone(at.arms, chosen, previous=plan.champion)
    after = _ended(
        workspace, release, word, following=following, outcome="promoted", override=word.reason if missing else None
    )
    change = Change(endpoint=plan.endpoint, before=plan.champion, after=chosen, reason=word.reason, actor=word.actor)
    said = draft_of(
        workspace, after, "release_finished", word=word, outcome="promoted", share=1.0, unproven=list(missing)
    )
    events = move_arms(
        workspace,
        following,
        events=[said, moved_draft(workspace, change, caused_by_drafts=(0,))],
        records=[after.record(workspace.clock.now())],
        moves={
            **champion_move(workspace, change),
            **not_killed(workspace, plan.endpoint),
            turn_ref(workspace, plan.endpoint): (at.turn, after.turn),
        },
    )
    return done(following, "promoted", release=release.id, events=events)


def unproven(release: RunningRelease, version: Digest) -> tuple[str, ...]:
    """What had not been proven of a candidate at the last look: its required guards, and that it wins its test."""
    arm = _arm_of(release, version)
    seen = {str(verdict["check"]): verdict for verdict in release.verdicts}
    missing = []
    for guard in release.plan.guards:
        verdict = seen.get(f"{arm}/{guard.name}", seen.get(guard.name))
        if guard.required != "never" and (verdict is None or verdict["outcome"] != Outcome.PASS):
            missing.append(f"{guard.name}: {verdict['reason'] if verdict else 'not looked at yet'}")
    last = release.plan.stages[-1]
    if isinstance(last, ABTest | Bandit):
        missing.append(f"{last.metric}: no version has won")
    return tuple(missing)


def _arm_of(release: RunningRelease, version: Digest) -> str | None:
    return next((arm for arm, candidate in release.plan.candidates.items() if candidate == version), None)


def chosen_candidate(release: RunningRelease, version: Digest | None) -> Digest:
    """The candidate that is meant.

    Raises:
        ReleaseError: There are several and none is named, or the one named is not among them.
    """
    candidates = tuple(release.plan.candidates.values())
    if version is None and len(candidates) == 1:
        return candidates[0]
    if version is None or version not in candidates:
        raise ReleaseError(
            "say which version" if version is None else f"{version[:12]} is not in the release {release.id}",
            why=f"it has {', '.join(candidate[:12] for candidate in candidates)}",
            fix="Name one of them with --version.",
        )
    return version


def _ended(
    workspace: Workspace,
    release: RunningRelease,
    word: Word,
    *,
    following: Arms,
    outcome: str,
    override: str | None = None,
) -> RunningRelease:
    entry = Entry(
        at=workspace.clock.now(),
        decision={"aborted": "abort", "rolled_back": "rollback", "promoted": "promote"}[outcome],
        actor=word.actor,
        shares=shares_of(following),
        reasons=(word.reason,),
        requests=release.state.requests,
        labels=release.state.labels,
        verdicts=release.verdicts,
        override=override,
    )
    winner = _arm_of(release, following.champion.version) if outcome == "promoted" else None
    return release.moved(entry, state=msgspec.structs.replace(release.state, status=outcome, winner=winner))


def draft_of(workspace: Workspace, release: RunningRelease, kind: str, *, word: Word, **data: Any) -> EventDraft:
    """What the journal says of it, caused by the release's last event."""
    said = {
        "endpoint": release.plan.endpoint,
        "candidate": release.plan.candidate,
        "requests": release.state.requests,
        "labels": release.state.labels,
        "reason": word.reason,
    }
    return EventDraft(
        kind=kind,
        subject=f"release:{release.id}",
        data=said | data,
        caused_by=last_event(workspace, release.plan.endpoint),
        actor=word.actor,
        logical_at=workspace.clock.now(),
    )


def shares_of(arms: Arms) -> dict[str, float]:
    """Each arm's share of the traffic, by name."""
    return {arm.name: arm.share for arm in arms.arms}


def done(arms: Arms, action: str, *, release: str | None, events: tuple[int, ...]) -> Done:
    """The answer to whoever asked for it."""
    return Done(endpoint=arms.endpoint, action=action, champion=arms.champion.version, release=release, events=events)
