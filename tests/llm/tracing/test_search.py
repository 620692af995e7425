"""Finding traces."""

from pathlib import Path
from typing import Any

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.llm.spans import Span, SpanLog
from loopwright.llm.tracing.search import find_traces, spans_of_trace, trace_of_request
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.store.open_stores import Stores, create_home, open_stores

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 4, "loopwright.cost_usd": 0.002}  # fmt: skip


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    create_home(tmp_path / "home", replay=False, ids=random_id, clock=SystemClock())
    return open_stores(tmp_path / "home", clock=SystemClock(), ids=random_id)


def _span(trace: str, id_: str, parent: str = "", **more: Any) -> Span:
    return Span(**{"at": 1000, "trace_id": trace, "span_id": id_, "parent_id": parent, "name": id_} | more)


def test_a_trace_is_found_by_any_of_its_spans_and_counted_whole(stores: Stores) -> None:
    agent = CHAT | {"gen_ai.operation.name": "invoke_agent"}  # repeats what the call below it took
    SpanLog(stores.tables).append([
        _span("t1", "root", at=1000, duration_us=500, service="shop", session="s1", attributes=agent),
        _span("t1", "call", "root", at=1100, duration_us=700, attributes=CHAT, status="error"),
        _span("t2", "other", at=5000),
    ])  # fmt: skip
    (found,) = find_traces(stores.tables, SpanQuery(model="gpt-5"))
    assert (found.trace_id, found.name, found.spans, found.errors) == ("t1", "root", 2, 1)
    assert (found.at, found.duration_us) == (1000, 800)
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == (10, 4, 0.002)
    assert (found.services, found.session, found.models) == (("shop",), "s1", ("gpt-5",))


def test_all_that_is_asked_for_must_hold_of_one_span(stores: Stores) -> None:
    SpanLog(stores.tables).append([
        _span("t1", "a", status="error"), _span("t1", "b", "a", attributes=CHAT),
        _span("t2", "c", status="error", attributes=CHAT | {"note": "Needle in hay"}),
    ])  # fmt: skip
    assert [one.trace_id for one in find_traces(stores.tables, SpanQuery(status="error", model="gpt-5"))] == ["t2"]
    assert [one.trace_id for one in find_traces(stores.tables, SpanQuery(text="needle"))] == ["t2"]
    assert [one.trace_id for one in find_traces(stores.tables, SpanQuery(costlier_than_usd=0.01))] == []


def test_newest_come_first_and_a_limit_counts_traces(stores: Stores) -> None:
    SpanLog(stores.tables).append(
        [_span(f"t{n}", f"{n}{part}", at=n * 10 + part) for n in range(5) for part in range(3)]
    )
    assert [one.trace_id for one in find_traces(stores.tables, SpanQuery(limit=2))] == ["t4", "t3"]


def test_a_span_that_was_sent_twice_counts_once(stores: Stores) -> None:
    for _ in range(2):  # an exporter that heard no answer sends again
        SpanLog(stores.tables).append([_span("t1", "a", attributes=CHAT)])
    (found,) = find_traces(stores.tables, SpanQuery())
    assert (found.spans, found.input_tokens) == (1, 10)
    assert len(spans_of_trace(stores.tables, "t1")) == 1


def test_spans_come_back_as_they_were_sealed_or_not(stores: Stores) -> None:
    sent = _span("t1", "a", attributes=CHAT | {"list": ["x", 1], "odd": {"k": None}}, request_id="req_1",
                 events=({"name": "retry", "at": 5, "attributes": {"n": 1}},), session="s1")  # fmt: skip
    SpanLog(stores.tables).append([sent])
    assert spans_of_trace(stores.tables, "t1") == (sent,)
    stores.tables.close()
    stores.tables.seal("spans")
    (kept,) = spans_of_trace(stores.tables, "t1")
    assert (kept.attributes, kept.session) == (sent.attributes, "s1")
    assert list(kept.events) == list(sent.events)
    assert trace_of_request(stores.tables, "req_1") == "t1"


def test_nothing_is_found_where_nothing_is(stores: Stores) -> None:
    assert find_traces(stores.tables, SpanQuery()) == ()
    assert spans_of_trace(stores.tables, "t1") == ()
    assert trace_of_request(stores.tables, "req_1") is None
