"""What every back end and wrapper of the ledger seam must do.

A test class subclasses `LedgerSuite`, says `implementation = TheClass`, and has fixtures `ledger` (an empty one that
goes by `clock`) and `clock` (a ManualClock).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from loopwright.core.clock import SECOND
from loopwright.core.events import GENESIS, EventDraft, digest_of
from loopwright.errors import ConflictError, UsageError
from loopwright.store.journal import verify_chain
from loopwright.store.ledger import Ledger, Record
from loopwright.testing.clocks import ManualClock

REF = "default/model/flight-delay@champion"


def draft(kind: str = "ref_moved", *, causes: tuple[int, ...] = (), drafts: tuple[int, ...] = ()) -> EventDraft:
    """An event to write."""
    return EventDraft(kind=kind, subject="model:flight-delay", caused_by=causes, caused_by_drafts=drafts)


class LedgerCommits:
    """Refs and the journal."""

    def test_an_empty_ledger_has_nothing(self, ledger: Ledger) -> None:
        assert ledger.ref(REF) is None
        assert ledger.refs() == {}
        assert ledger.history(REF) == ()
        assert ledger.read() == ()
        assert ledger.record("run", "r1") is None
        assert ledger.search("run") == ()
        assert verify_chain(ledger) == 0

    def test_a_commit_of_nothing_is_allowed(self, ledger: Ledger) -> None:
        assert ledger.commit() == ()

    @pytest.mark.parametrize("durability", ["full", "normal"])
    def test_all_parts_of_a_commit_are_there(self, ledger: Ledger, durability: str) -> None:
        record = Record(kind="run", id="r1", data={"a": [1, None, {"b": "ü"}]}, facets={"name": "x", "n": 1.5}, at=7)
        (event,) = ledger.commit(
            expect={REF: None},
            moves={REF: "d1"},
            records=[record],
            events=[draft()],
            durability=durability,  # type: ignore[arg-type]
        )
        assert ledger.ref(REF) == "d1"
        assert ledger.record("run", "r1") == record
        assert ledger.read() == (event,)

    @pytest.mark.parametrize("expected", [None, "other"])
    def test_a_lost_compare_and_set_writes_nothing(self, ledger: Ledger, expected: str | None) -> None:
        ledger.commit(moves={REF: "d1"})
        with pytest.raises(ConflictError) as lost:
            ledger.commit(
                expect={REF: expected},
                moves={REF: "d2", "b": "x"},
                records=[Record(kind="run", id="r1", data={})],
                events=[draft()],
            )
        assert lost.value.retryable
        assert lost.value.context["found"] == "d1"
        assert ledger.refs() == {REF: "d1"}
        assert (ledger.record("run", "r1"), ledger.read(), len(ledger.history(REF))) == (None, (), 1)

    def test_a_ref_can_be_expected_without_being_moved(self, ledger: Ledger) -> None:
        ledger.commit(moves={"a": "1"})
        ledger.commit(expect={"a": "1"}, moves={"b": "2"})
        with pytest.raises(ConflictError):
            ledger.commit(expect={"a": "0"}, moves={"b": "3"})
        assert ledger.refs() == {"a": "1", "b": "2"}

    def test_refs_are_found_by_prefix_in_order(self, ledger: Ledger) -> None:
        ledger.commit(moves={"m/b@x": "2", "m/a@x": "1", "m%": "3", "n/a@x": "4", "é": "5"})
        assert list(ledger.refs("m/").items()) == [("m/a@x", "1"), ("m/b@x", "2")]
        assert list(ledger.refs()) == ["m%", "m/a@x", "m/b@x", "n/a@x", "é"]
        assert ledger.refs("zz") == {}

    def test_history_tells_every_move_with_its_event(self, ledger: Ledger, clock: ManualClock) -> None:
        start = clock.now()
        ledger.commit(moves={REF: "d1"})
        clock.advance(SECOND)
        ledger.commit(moves={REF: "d2", "other": "x"}, events=[draft(), draft()])
        ledger.commit(moves={REF: None, "absent": None})
        moves = [(move.target, move.at - start, move.seq) for move in ledger.history(REF)]
        assert moves == [("d1", 0, 0), ("d2", SECOND, 2), (None, SECOND, 0)]
        assert ledger.ref(REF) is None
        assert ledger.history("absent") == ()

    def test_events_are_numbered_and_chained(self, ledger: Ledger, clock: ManualClock) -> None:
        ledger.commit(events=[draft("a"), draft("b")])
        ledger.commit(events=[draft("c")], durability="normal")
        events = ledger.read()
        assert [event.seq for event in events] == [1, 2, 3]
        assert [event.previous for event in events] == [GENESIS, events[0].digest, events[1].digest]
        assert all(digest_of(event) == event.digest for event in events)
        assert {(event.at, event.logical_at) for event in events} == {(clock.now(), clock.now())}
        assert verify_chain(ledger) == 3

    def test_events_come_back_from_commit_as_they_are_read(self, ledger: Ledger) -> None:
        data = {"tuple": (1, 2), "nan": float("nan"), "text": "ü", "nested": {"a": None, "b": 1.0}}
        written = ledger.commit(events=[EventDraft(kind="k", subject="s", data=data, actor="eve", logical_at=5)])
        assert ledger.read() == written
        assert written[0].data == {"tuple": [1, 2], "nan": None, "text": "ü", "nested": {"a": None, "b": 1.0}}
        assert (written[0].actor, written[0].logical_at) == ("eve", 5)

    def test_reading_goes_on_after_a_cursor(self, ledger: Ledger) -> None:
        ledger.commit(events=[draft(str(number)) for number in range(10)])
        assert [event.seq for event in ledger.read(after=3, limit=4)] == [4, 5, 6, 7]
        assert ledger.read(after=10) == ()
        assert ledger.read(after=99) == ()

    def test_causes_are_events_or_earlier_drafts(self, ledger: Ledger) -> None:
        ledger.commit(events=[draft("alert")])
        written = ledger.commit(events=[draft("retrain", causes=(1,)), draft("run", causes=(1,), drafts=(0,))])
        assert [event.caused_by for event in written] == [(1,), (1, 2)]

    @pytest.mark.parametrize("wrong", [draft(causes=(2,)), draft(causes=(0,)), draft(drafts=(0,)), draft(drafts=(-1,))])
    def test_a_cause_that_is_not_there_is_refused(self, ledger: Ledger, wrong: EventDraft) -> None:
        ledger.commit(events=[draft()])
        with pytest.raises(UsageError):
            ledger.commit(moves={REF: "d1"}, events=[wrong])
        assert (len(ledger.read()), ledger.ref(REF)) == (1, None)

    def test_one_of_the_threads_that_move_a_ref_wins(self, ledger: Ledger) -> None:
        def race(number: int) -> bool:
            try:
                ledger.commit(expect={REF: None}, moves={REF: str(number)}, events=[draft()])
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            wins = list(pool.map(race, range(24)))
        assert wins.count(True) == 1
        assert ledger.ref(REF) == str(wins.index(True))
        assert verify_chain(ledger) == 1


class LedgerRecords:
    """Records and how they are found."""

    def test_data_that_is_not_json_is_refused_with_its_whole_commit(self, ledger: Ledger) -> None:
        good, bad = Record(kind="run", id="1", data={}), Record(kind="run", id="2", data={"x": object()})
        with pytest.raises(UsageError):
            ledger.commit(moves={REF: "d1"}, records=[good, bad], events=[draft()])
        with pytest.raises(UsageError):
            ledger.commit(records=[good], events=[EventDraft(kind="k", subject="s", data={"x": object()})])
        assert (ledger.read(), ledger.ref(REF), ledger.search("run"), ledger.history(REF)) == ((), None, (), ())

    def test_a_record_is_replaced_whole(self, ledger: Ledger) -> None:
        ledger.commit(records=[Record(kind="run", id="r", data={"a": 1}, facets={"x": 1, "y": "b"}, at=1)])
        ledger.commit(records=[Record(kind="run", id="r", data={"b": 2}, facets={"x": 2}, at=2)])
        assert ledger.record("run", "r") == Record(kind="run", id="r", data={"b": 2}, facets={"x": 2}, at=2)
        assert ledger.search("run", where={"x": 1}) == ()
        assert ledger.search("run", where={"y": "b"}) == ()
        assert len(ledger.search("run", where={"x": 2})) == 1

    def test_kinds_do_not_meet(self, ledger: Ledger) -> None:
        ledger.commit(records=[Record(kind="run", id="1", data={}), Record(kind="model", id="1", data={"m": 1})])
        assert [record.data for record in ledger.search("model")] == [{"m": 1}]

    def test_a_record_without_a_time_gets_that_of_its_commit(self, ledger: Ledger, clock: ManualClock) -> None:
        ledger.commit(records=[Record(kind="run", id="1", data={})])
        found = ledger.record("run", "1")
        assert found is not None
        assert found.at == clock.now()

    def test_facets_that_are_not_finite_are_left_out(self, ledger: Ledger) -> None:
        ledger.commit(
            records=[Record(kind="run", id="1", data={}, facets={"loss": float("nan"), "n": float("inf"), "a": 1})]
        )
        found = ledger.record("run", "1")
        assert found is not None
        assert found.facets == {"a": 1}
        assert [record.id for record in ledger.search("run", order="loss")] == ["1"]

    def test_search_filters_by_every_facet(self, ledger: Ledger) -> None:
        ledger.commit(
            records=[
                Record(kind="run", id=f"r{n}", data={}, facets={"even": n % 2 == 0, "n": n, "text": str(n)}, at=n + 1)
                for n in range(6)
            ]
        )
        assert [record.id for record in ledger.search("run", where={"even": True})] == ["r4", "r2", "r0"]
        assert [record.id for record in ledger.search("run", where={"even": False, "n": 3})] == ["r3"]
        assert [record.id for record in ledger.search("run", where={"n": 3.0})] == ["r3"]
        assert ledger.search("run", where={"text": 3}) == ()
        assert ledger.search("run", where={"absent": "x"}) == ()

    def test_search_orders_by_time_and_limits(self, ledger: Ledger) -> None:
        ledger.commit(records=[Record(kind="run", id=str(n), data={}, at=1 + n % 3) for n in range(6)])
        assert [record.id for record in ledger.search("run")] == ["2", "5", "1", "4", "0", "3"]
        assert [record.id for record in ledger.search("run", order="at", limit=3)] == ["0", "3", "1"]

    def test_search_orders_by_a_facet_and_puts_its_absence_last(self, ledger: Ledger) -> None:
        facets: dict[str, dict[str, str | float | int | bool]] = {
            "a": {"x": 2.5, "t": 1}, "b": {"t": 1}, "c": {"x": 10, "t": 1}, "d": {"x": "text"}, "e": {"x": 2.5, "t": 1},
        }  # fmt: skip
        ledger.commit(records=[Record(kind="run", id=id, data={}, facets=found) for id, found in facets.items()])
        assert [record.id for record in ledger.search("run", order="x")] == ["a", "e", "c", "d", "b"]
        assert [record.id for record in ledger.search("run", order="-x")] == ["d", "c", "a", "e", "b"]
        assert [record.id for record in ledger.search("run", order="-x", where={"t": 1})] == ["c", "a", "e", "b"]
        assert [record.id for record in ledger.search("run", order="-x", limit=2)] == ["d", "c"]


class LedgerSuite(LedgerCommits, LedgerRecords):
    """The contract of `Ledger`."""

    implementation: ClassVar[type[Ledger]]
