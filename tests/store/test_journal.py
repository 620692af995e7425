import pytest

from loopwright.core.events import GENESIS, EventDraft
from loopwright.errors import JournalBrokenError
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.journal import Anchor, all_events, anchor_of, seal_all, verify_chain
from loopwright.testing.clocks import ManualClock


def journal(count, *, actor="system"):
    ledger = MemoryLedger(clock=ManualClock())
    for number in range(count):
        ledger.commit(events=[EventDraft(kind="k", subject=f"s:{number}", actor=actor)])
    return ledger


def test_a_journal_longer_than_a_page_is_read_whole():
    ledger = journal(2500)
    assert [event.seq for event in all_events(ledger)] == list(range(1, 2501))
    assert verify_chain(ledger) == 2500


def test_an_anchor_is_the_tip():
    assert anchor_of(journal(0)) == Anchor(seq=0, digest=GENESIS)
    ledger = journal(3)
    assert anchor_of(ledger) == Anchor(seq=3, digest=ledger.read()[-1].digest)


def test_a_journal_that_grew_still_holds_its_anchor():
    ledger = journal(3)
    anchor = anchor_of(ledger)
    ledger.commit(events=[EventDraft(kind="k", subject="s")])
    assert verify_chain(ledger, anchor=anchor) == 4
    assert verify_chain(ledger, anchor=anchor_of(journal(0))) == 4


def test_a_journal_cut_short_or_written_anew_shows_against_an_anchor():
    anchor = anchor_of(journal(3))
    for other in (journal(2), journal(5, actor="eve")):
        verify_chain(other)
        with pytest.raises(JournalBrokenError):
            verify_chain(other, anchor=anchor)


def test_drafts_follow_what_was_there():
    (first, second) = seal_all(
        [EventDraft(kind="a", subject="s"), EventDraft(kind="b", subject="s", logical_at=9, caused_by_drafts=(0,))],
        last=7, previous="f" * 64, at=5, logical_at=6,
    )  # fmt: skip
    assert (first.seq, first.previous, first.at, first.logical_at) == (8, "f" * 64, 5, 6)
    assert (second.seq, second.previous, second.logical_at, second.caused_by) == (9, first.digest, 9, (8,))
