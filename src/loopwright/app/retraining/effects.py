"""What a retrain's decision led to, read from the journal."""

from collections.abc import Iterator

from loopwright.core.events import Event
from loopwright.store.ledger import Ledger

_PAGE = 5_000


def decision_of(ledger: Ledger, retrain: str) -> Event | None:
    """The event by which a retrain was decided."""
    for event in _events(ledger, 0):
        if event.kind == "retrain_decided" and event.data.get("retrain") == retrain:
            return event
    return None


def effects_of(ledger: Ledger, seq: int) -> tuple[Event, ...]:
    """Every event that the event `seq` led to, in any number of steps, oldest first."""
    reached, found = {seq}, list[Event]()
    for event in _events(ledger, seq):
        if reached.intersection(event.caused_by):
            reached.add(event.seq)
            found.append(event)
    return tuple(found)


def _events(ledger: Ledger, after: int) -> Iterator[Event]:
    while page := ledger.read(after=after, limit=_PAGE):
        yield from page
        after = page[-1].seq
