"""Moving the arms of an endpoint: one record, one pointer, one event, all in one commit."""

from collections.abc import Sequence

from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.errors import ReleaseError
from loopwright.release.routing import Arms
from loopwright.store.ledger import Record


def current_arms(workspace: Workspace, endpoint: str) -> Arms | None:
    """The arms that the endpoint's pointer names; None where it has none yet."""
    target = workspace.stores.ledger.ref(workspace.ref("endpoint", endpoint, "arms"))
    record = workspace.stores.ledger.record("arms", target) if target else None
    return Arms.of(record.data) if record else None


def move_arms(
    workspace: Workspace,
    arms: Arms,
    *,
    events: Sequence[EventDraft],
    records: Sequence[Record] = (),
    champion: tuple[str | None, str] | None = None,
) -> tuple[int, ...]:
    """Publish new arms, and move the champion with them where one is given; returns the events' numbers.

    Args:
        workspace: The workspace.
        arms: The next revision.
        events: What to say in the journal, in the same commit.
        records: Written with it.
        champion: From which version to which the model's champion moves.

    Raises:
        ReleaseError: The arms are not the revision after the current one.
        ConflictError: Somebody else moved them meanwhile; nothing was written.
    """
    ref, ledger = workspace.ref("endpoint", arms.endpoint, "arms"), workspace.stores.ledger
    before = ledger.ref(ref)
    known = ledger.record("arms", before) if before else None
    revision = Arms.of(known.data).revision if known else 0
    if arms.revision != revision + 1:
        raise ReleaseError(
            f"the arms of {arms.endpoint!r} are at revision {revision}",
            why=f"revision {arms.revision} does not follow it",
        )
    id_ = workspace.ids("arms")
    record = Record(
        kind="arms", id=id_, data=arms.to_json(), facets={"endpoint": arms.endpoint}, at=workspace.clock.now()
    )
    expect, moves = {ref: before}, {ref: id_}
    if champion is not None:
        name = workspace.ref("model", arms.endpoint, "champion")
        expect[name], moves[name] = champion
    written = ledger.commit(expect=expect, moves=moves, records=[record, *records], events=events)
    return tuple(event.seq for event in written)
