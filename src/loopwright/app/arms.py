"""Moving the arms of an endpoint: one record, one pointer, one event, all in one commit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import msgspec

from loopwright.app.online import nobody_pushes, refill_online, views_of_arms
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ConflictError
from loopwright.release.routing import Arms
from loopwright.store.ledger import Record

RefMoves = Mapping[str, tuple[str | None, str | None]]
"""Refs by full name: from where, to where."""
NOTHING: RefMoves = MappingProxyType({})


def current_arms(workspace: Workspace, endpoint: str) -> Arms | None:
    """The arms that the endpoint's pointer names; None where it has none yet."""
    target = workspace.stores.ledger.ref(workspace.ref("endpoint", endpoint, "arms"))
    record = workspace.stores.ledger.record("arms", target) if target else None
    return Arms.of(record.data) if record else None


def alone(arms: Arms, version: Digest, *, previous: Digest | None) -> Arms:
    """The next revision: `version` answers everything, `previous` what it cannot, and then the declared default."""
    kept = previous if previous != version else None
    return msgspec.structs.replace(arms.with_champion(version), previous=kept, default=arms.default)


def move_arms(
    workspace: Workspace,
    arms: Arms,
    *,
    events: Sequence[EventDraft],
    records: Sequence[Record] = (),
    moves: RefMoves = NOTHING,
) -> tuple[int, ...]:
    """Publish new arms, and move other refs with them; returns the events' numbers.

    Online features that only the new arms need are filled before, and nobody can push past them in between.

    Args:
        workspace: The workspace.
        arms: The next revision.
        events: What to say in the journal, in the same commit.
        records: Written with it.
        moves: What moves with it, such as the model's champion; a move from where a ref is to the same place asserts.

    Raises:
        ConflictError: Somebody else moved the arms or one of the refs meanwhile; nothing was written.
    """
    ref, ledger = workspace.ref("endpoint", arms.endpoint, "arms"), workspace.stores.ledger
    before = ledger.ref(ref)
    known = ledger.record("arms", before) if before else None
    current = Arms.of(known.data) if known else None
    revision = current.revision if current else 0
    if arms.revision != revision + 1:
        raise ConflictError(
            f"the arms of {arms.endpoint!r} are at revision {revision}",
            why=f"revision {arms.revision} does not follow it",
        )
    id_ = workspace.ids("arms")
    record = Record(
        kind="arms", id=id_, data=arms.to_json(), facets={"endpoint": arms.endpoint}, at=workspace.clock.now()
    )
    expect = {ref: before} | {name: origin for name, (origin, _) in moves.items()}
    wanted = {ref: id_} | {name: target for name, (origin, target) in moves.items() if origin != target}
    with _features_filled(workspace, current, arms):
        written = ledger.commit(expect=expect, moves=wanted, records=[record, *records], events=events)
    return tuple(event.seq for event in written)


@contextmanager
def _features_filled(workspace: Workspace, before: Arms | None, after: Arms) -> Iterator[None]:
    """What answers nothing yet is filled by the process that begins to serve; see `OnlineIntake`."""
    kept = {view.digest() for view in views_of_arms(workspace, before)}
    new = [] if before is None else [v for v in views_of_arms(workspace, after) if v.digest() not in kept]
    if not new:
        yield
        return
    with nobody_pushes(workspace):
        refill_online(workspace, new)
        yield
