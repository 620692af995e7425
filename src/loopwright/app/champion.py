"""The champion of an endpoint: made, followed, and rolled back to what it replaced; always one commit with its arms."""

from typing import Any

import msgspec

from loopwright.app.arms import NOTHING, RefMoves, alone, current_arms, move_arms
from loopwright.app.loop import Loop
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ReleaseError
from loopwright.registry.alias import alias_history
from loopwright.release.routing import Arms
from loopwright.store.ledger import Record


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an endpoint's champion: from where (None: there was none), to where, why, and who wants it."""

    endpoint: str
    before: Digest | None
    after: Digest
    reason: str
    actor: str


def first_champion(
    workspace: Workspace,
    loop: Loop,
    version: Digest,
    *,
    default: dict[str, Any] | None = None,
    caused_by: tuple[int, ...],
) -> tuple[int, ...]:
    """Make the first version champion and let it answer all requests; returns the events.

    Args:
        workspace: The workspace.
        loop: The loop.
        version: The registered version.
        default: What is answered where no version can.
        caused_by: Events that led to it.
    """
    change = Change(endpoint=loop.name, before=None, after=version, reason="first champion", actor=workspace.actor)
    arms = msgspec.structs.replace(Arms.only_champion(loop.name, version), default=default)
    return move_champion(workspace, change, arms, caused_by=caused_by)


def promote(workspace: Workspace, name: str, version: Digest, *, caused_by: tuple[int, ...]) -> tuple[int, ...]:
    """Make a version champion at once, for a loop that declares no release; returns the events."""
    arms, before = current_arms(workspace, name), champion_of(workspace, name)
    if arms is None or before is None:
        raise ReleaseError(f"{name!r} has no champion to follow")
    change = Change(
        endpoint=name, before=before, after=version, reason="the loop declares no release", actor=workspace.actor
    )
    return move_champion(workspace, change, alone(arms, version, previous=before), caused_by=caused_by)


def move_champion(
    workspace: Workspace,
    change: Change,
    arms: Arms,
    *,
    caused_by: tuple[int, ...] = (),
    records: tuple[Record, ...] = (),
    moves: RefMoves = NOTHING,
) -> tuple[int, ...]:
    """Move the champion, and the arms with it; returns the events.

    Raises:
        ConflictError: The champion or the arms have moved meanwhile; nothing was written.
    """
    draft = moved_draft(workspace, change, caused_by=caused_by)
    both = {**moves, **champion_move(workspace, change)}
    return move_arms(workspace, arms, events=[draft], records=records, moves=both)


def champion_move(workspace: Workspace, change: Change) -> RefMoves:
    """The move of the ref `NAME@champion`."""
    return {workspace.ref("model", change.endpoint, "champion"): (change.before, change.after)}


def moved_draft(
    workspace: Workspace,
    change: Change,
    *,
    caused_by: tuple[int, ...] = (),
    caused_by_drafts: tuple[int, ...] = (),
) -> EventDraft:
    """What the journal says of the change."""
    ref = workspace.ref("model", change.endpoint, "champion")
    return EventDraft(
        kind="ref_moved",
        subject=f"model:{change.endpoint}",
        data={"ref": ref, "from": change.before, "to": change.after, "reason": change.reason},
        caused_by=caused_by,
        caused_by_drafts=caused_by_drafts,
        actor=change.actor,
        logical_at=workspace.clock.now(),
    )


def was_champion(workspace: Workspace, endpoint: str, version: Digest) -> bool:
    """Whether a version has been champion, or is."""
    moves = alias_history(workspace.stores.ledger, endpoint, namespace=workspace.namespace)
    return any(move.to == version for move in moves)


def replaced_by(workspace: Workspace, endpoint: str, version: Digest) -> Digest | None:
    """The champion that `version` replaced, None where there was none.

    A champion that was rolled back counts as never made: what it replaced is champion again, and so is what *that* had
    replaced the version before it.
    """
    line: list[Digest] = []
    for move in alias_history(workspace.stores.ledger, endpoint, namespace=workspace.namespace):
        if move.to in line:
            del line[line.index(move.to) + 1 :]
        elif move.to is not None:
            line.append(move.to)
    place = line.index(version) if version in line else 0
    return line[place - 1] if place else None
