"""Each event is chained to the one before; changing anything in it breaks the chain."""

import msgspec
import pytest

from loopwright.core.events import GENESIS, Event, EventDraft, digest_of, seal

DRAFT = EventDraft(
    kind="ref_moved", subject="default/model/m@champion", data={"to": "ab"}, actor="user:ada", logical_at=5
)


def sealed() -> Event:
    return seal(DRAFT, seq=3, at=9, caused_by=(1, 2), previous=GENESIS)


def test_sealing_keeps_what_was_drafted() -> None:
    event = sealed()
    assert (event.seq, event.at, event.logical_at, event.caused_by) == (3, 9, 5, (1, 2))
    assert (event.kind, event.subject, event.actor, event.data) == (DRAFT.kind, DRAFT.subject, DRAFT.actor, DRAFT.data)


def test_an_event_without_a_logical_time_has_the_machines() -> None:
    assert seal(EventDraft(kind="k", subject="s"), seq=1, at=9, caused_by=(), previous=GENESIS).logical_at == 9


def test_the_digest_verifies_and_is_the_same_each_time() -> None:
    assert digest_of(sealed()) == sealed().digest == sealed().digest


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 4},
        {"namespace": "other"},
        {"actor": "user:eve"},
        {"at": 10},
        {"logical_at": 6},
        {"kind": "ref_moves"},
        {"subject": "x"},
        {"caused_by": (1,)},
        {"data": {"to": "cd"}},
        {"previous": "1" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changing_any_field_is_evident(change: dict[str, object]) -> None:
    event = msgspec.structs.replace(sealed(), **change)
    assert digest_of(event) != event.digest
