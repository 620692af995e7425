"""Landings of a dataset, from the journal."""

from loopwright.app.monitor.measures.landings import Landings, OneLanding, landed_since
from loopwright.app.monitor.measures.measure import Span
from loopwright.core.events import EventDraft


def test_the_memory_goes_on_where_the_journal_was_left(served):
    first = landed_since(served.look(), "table", None)
    assert first.after > 0
    failures = [{"column": "x", "rule": "not null", "rows": 4}, {"column": "", "rule": "unique", "rows": 0}]
    draft = EventDraft(
        kind="dataset_refused", subject="dataset:table", data={"code": "LW201", "failures": failures}, actor="a",
        logical_at=served.start,
    )  # fmt: skip
    served.workspace.stores.ledger.commit(events=[draft])
    then = landed_since(served.look(), "table", first.memory)
    assert then.found[len(first.found) :] == (
        OneLanding(at=served.start, refused=True, broken={"x: not null": 4, "table: unique": 0}),
    )
    assert landed_since(served.look(), "table", then.memory) == then
    assert landed_since(served.look(), "another", None).found == ()


def test_what_lies_before_the_spans_end_is_forgotten_but_for_the_newest():
    found = tuple(OneLanding(at=at, rows=at) for at in (10, 70, 130))
    landings = Landings(found=found, after=9)
    span = Span(since=0, until=120, period=60, began=0)
    assert landings.rows(span) == {0: 10, 60: 70}
    assert landings.newest(span) == found[1]
    assert landings.left(span)["found"][0]["at"] == 130
    assert [one["at"] for one in landings.left(span, newest=True)["found"]] == [70, 130]
