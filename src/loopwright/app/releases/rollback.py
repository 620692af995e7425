"""Going back: to the champion before, also long after a promotion, and the switch that stops all releases at once."""

import msgspec

from loopwright.app.arms import alone
from loopwright.app.champion import Change, champion_move, move_champion, moved_draft, replaced_by, was_champion
from loopwright.app.releases.kill_switch import KillSwitch, kill_ref, kill_switch
from loopwright.app.releases.operations import Beside, Done, Held, Word, done, end, held, until_won
from loopwright.app.releases.running import turn_ref
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ReleaseError
from loopwright.store.ledger import Record


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """What led to a rollback: events, and records that are written with it."""

    events: tuple[int, ...] = ()
    records: tuple[Record, ...] = ()


def roll_back(
    workspace: Workspace, endpoint: str, word: Word, *, to: Digest | None = None, because: Because | None = None
) -> Done:
    """Send all traffic back, at once.

    Where a release is under way and `to` names nothing else, it ends and its champion answers everything. Otherwise
    the champion's place goes to the version that it replaced, or to `to`.

    Args:
        workspace: The workspace.
        endpoint: Whose traffic.
        word: Who, and why.
        to: A version that has been champion.
        because: What led to it, where it was not a person's wish alone.

    Raises:
        ReleaseError: There is nothing to go back to, or `to` has never been champion.
    """
    return until_won(
        lambda: _roll_back(workspace, held(workspace, endpoint), word, to=to, because=because or Because())
    )


def _roll_back(workspace: Workspace, at: Held, word: Word, *, to: Digest | None, because: Because) -> Done:
    arms = at.arms
    if at.release is not None and to in (None, arms.champion.version):
        return end(workspace, at, word, outcome="rolled_back")
    target = to or arms.previous or replaced_by(workspace, arms.endpoint, arms.champion.version)
    if target is None:
        raise ReleaseError(
            f"{arms.endpoint!r} has no champion before {arms.champion.version[:12]}",
            fix="Name a version with --to, or release one with `loopwright release start`.",
        )
    if target == arms.champion.version:
        raise ReleaseError(
            f"{target[:12]} is the champion of {arms.endpoint!r} already",
            why="it answers all requests now",
            fix="Name another version with --to.",
        )
    if not was_champion(workspace, arms.endpoint, target):
        raise ReleaseError(
            f"{target[:12]} has never been champion of {arms.endpoint!r}",
            why="a rollback goes to what has answered before; anything else must prove itself first",
            fix="Release it with `loopwright release start`.",
        )
    return _to(workspace, at, word, target=target, because=because)


def _to(workspace: Workspace, at: Held, word: Word, *, target: Digest, because: Because) -> Done:
    """Make `target` champion; a release under way ends in the same commit."""
    arms = at.arms
    change = Change(
        endpoint=arms.endpoint, before=arms.champion.version, after=target, reason=word.reason, actor=word.actor
    )
    following = alone(arms, target, previous=replaced_by(workspace, arms.endpoint, target))
    if at.release is not None:
        beside = Beside(
            moves=dict(champion_move(workspace, change)),
            drafts=(moved_draft(workspace, change, caused_by=because.events, caused_by_drafts=(0,)),),
            records=because.records,
            following=following,
        )
        return end(workspace, at, word, outcome="rolled_back", beside=beside)
    ref = turn_ref(workspace, arms.endpoint)
    events = move_champion(
        workspace,
        change,
        following,
        caused_by=because.events,
        records=because.records,
        moves={ref: (at.turn, at.turn)},
    )
    return done(following, "rolled_back", release=None, events=events)


def kill(workspace: Workspace, endpoint: str, word: Word) -> Done:
    """Turn the kill switch on: the champion alone answers, and no release starts or advances until `unkill`.

    Raises:
        ReleaseError: It is on already, or the endpoint has no champion.
    """
    return until_won(lambda: _kill(workspace, held(workspace, endpoint), word))


def _kill(workspace: Workspace, at: Held, word: Word) -> Done:
    endpoint = at.arms.endpoint
    before = kill_switch(workspace, endpoint)
    if before is not None:
        raise ReleaseError(f"the releases of {endpoint!r} are stopped already", why=f"{before.actor}: {before.reason}")
    switch = KillSwitch(endpoint=endpoint, at=workspace.clock.now(), actor=word.actor, reason=word.reason)
    id_ = workspace.ids("kill")
    draft = EventDraft(
        kind="releases_killed",
        subject=f"endpoint:{endpoint}",
        data={"endpoint": endpoint, "reason": word.reason, "release": at.release.id if at.release else None},
        actor=word.actor,
        logical_at=workspace.clock.now(),
    )
    moves: dict[str, tuple[str | None, str | None]] = {kill_ref(workspace, endpoint): (None, id_)}
    if at.release is not None:
        beside = Beside(moves=moves, drafts=(draft,), records=(switch.record(id_),))
        stopped = end(workspace, at, word, outcome="aborted", beside=beside)
        return msgspec.structs.replace(stopped, action="killed")
    ref = turn_ref(workspace, endpoint)
    written = workspace.stores.ledger.commit(
        expect={ref: at.turn, kill_ref(workspace, endpoint): None},
        moves={kill_ref(workspace, endpoint): id_},
        records=[switch.record(id_)],
        events=[draft],
    )
    return done(at.arms, "killed", release=None, events=tuple(event.seq for event in written))


def unkill(workspace: Workspace, endpoint: str, word: Word) -> Done:
    """Turn the kill switch off. What waits is released by the next pass of the controller.

    Raises:
        ReleaseError: It is not on.
    """
    return until_won(lambda: _unkill(workspace, held(workspace, endpoint), word))


def _unkill(workspace: Workspace, at: Held, word: Word) -> Done:
    endpoint = at.arms.endpoint
    ref = kill_ref(workspace, endpoint)
    target = workspace.stores.ledger.ref(ref)
    if target is None:
        raise ReleaseError(f"the releases of {endpoint!r} are not stopped")
    draft = EventDraft(
        kind="releases_allowed",
        subject=f"endpoint:{endpoint}",
        data={"endpoint": endpoint, "reason": word.reason},
        actor=word.actor,
        logical_at=workspace.clock.now(),
    )
    written = workspace.stores.ledger.commit(expect={ref: target}, moves={ref: None}, events=[draft])
    return done(at.arms, "allowed", release=None, events=tuple(event.seq for event in written))
