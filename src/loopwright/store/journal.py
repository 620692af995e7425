"""The journal's chain: how drafts become its next rows, and how the whole of it is verified."""

from collections.abc import Iterator, Sequence

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.codec import plain
from loopwright.core.events import GENESIS, Event, EventDraft, digest_of, seal
from loopwright.core.hashing import Digest
from loopwright.errors import JournalBrokenError, UsageError
from loopwright.store.ledger import Ledger, json_of

_PAGE = 1000


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's tip at one moment. Kept outside the home it makes later alteration of earlier events evident."""

    seq: int
    digest: Digest


def seal_all(
    drafts: Sequence[EventDraft], *, last: int, previous: Digest, at: Micros, logical_at: Micros
) -> tuple[Event, ...]:
    """The drafts of one commit as the rows after `last`; pure.

    Args:
        drafts: In the order they are to be written.
        last: `seq` of the journal's last event, 0 where it is empty.
        previous: That event's digest, or GENESIS.
        at: The machine's time.
        logical_at: The workspace's time, for drafts that say none.

    Raises:
        UsageError: A cause is not in the journal, or not an earlier draft.
    """
    sealed: list[Event] = []
    for position, draft in enumerate(drafts):
        if any(not 0 < cause <= last for cause in draft.caused_by):
            raise UsageError(f"{draft.kind} names a cause that is not in the journal", why=f"causes {draft.caused_by}")
        if any(not 0 <= cause < position for cause in draft.caused_by_drafts):
            raise UsageError(
                f"{draft.kind} names a cause that is not an earlier draft", why=f"positions {draft.caused_by_drafts}"
            )
        causes = draft.caused_by + tuple(last + 1 + cause for cause in draft.caused_by_drafts)
        timed = msgspec.structs.replace(
            draft,
            data=plain(json_of(draft.data, f"event {draft.kind}")),
            logical_at=logical_at if draft.logical_at is None else draft.logical_at,
        )
        event = seal(timed, seq=last + 1 + position, at=at, caused_by=causes, previous=previous)
        sealed.append(event)
        previous = event.digest
    return tuple(sealed)


def all_events(ledger: Ledger) -> Iterator[Event]:
    """Every event, in order, a page at a time."""
    after = 0
    while page := ledger.read(after=after, limit=_PAGE):
        yield from page
        after = page[-1].seq


def verify_chain(ledger: Ledger, *, anchor: Anchor | None = None) -> int:
    """Check that every event has the content its digest says and follows the one before; returns how many there are.

    Without an anchor, only alteration in place is evident: someone who can write the home can also cut the tail off or
    compute the whole chain anew.

    Raises:
        JournalBrokenError: At the first event that does not fit, or where `anchor` is not in the journal.
    """
    count, anchored = 0, anchor is None
    for tip in _verified(ledger):
        count = tip.seq
        anchored = anchored or tip == anchor
    if not anchored and anchor is not None:
        raise JournalBrokenError(f"the journal does not hold its anchor at event {anchor.seq}", seq=anchor.seq)
    return count


def anchor_of(ledger: Ledger) -> Anchor:
    """The tip of the journal, to be kept outside the home.

    Raises:
        JournalBrokenError: The journal does not verify.
    """
    *_, tip = _verified(ledger)
    return tip


def _verified(ledger: Ledger) -> Iterator[Anchor]:
    """The tip after each event, beginning with that of the empty journal."""
    tip = Anchor(seq=0, digest=GENESIS)
    yield tip
    for event in all_events(ledger):
        if event.seq != tip.seq + 1:
            raise JournalBrokenError(f"event {tip.seq + 1} is missing from the journal", why=f"{event.seq} is next")
        if event.previous != tip.digest or digest_of(event) != event.digest:
            why = "its digest does not fit"
            raise JournalBrokenError(f"event {event.seq} ({event.kind}) was altered", why=why, seq=event.seq)
        tip = Anchor(seq=event.seq, digest=event.digest)
        yield tip
