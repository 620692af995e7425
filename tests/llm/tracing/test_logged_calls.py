"""Calls of the request log, seen as spans."""

from pathlib import Path
from typing import Any

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.llm.spans import Span, SpanLog
from loopwright.llm.tracing.calls import trace_of
from loopwright.llm.tracing.search import find_traces, spans_of_trace, trace_of_request
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.llm.tracing.tree import tree
from loopwright.observations.generation_rows import GenerationRow
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.store.open_stores import Stores, create_home, open_stores

REQUEST = "req_4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    create_home(tmp_path / "home", replay=False, ids=random_id, clock=SystemClock())
    return open_stores(tmp_path / "home", clock=SystemClock(), ids=random_id)


def _row(id_: str = REQUEST, **more: Any) -> GenerationRow:
    said = {
        "request_id": id_, "at": 1_000_000, "event_time": 1_000_000, "endpoint": "bot", "arm": "champion",
        "version": "a" * 64, "inputs": {}, "latency_us": 900, "upstream": "main", "provider": "openai",
        "model": "gpt-5", "attempts": 2, "input_tokens": 12, "output_tokens": 3, "cost_usd": 0.001, "finish": "stop",
        "prepared_us": 100, "upstream_us": 700, "trace_id": trace_of(id_), "passages": ("p1", "p2"),
    }  # fmt: skip
    return GenerationRow(**said | more)


def test_a_call_is_a_trace_of_its_own_with_what_happened_within(stores: Stores) -> None:
    RequestLog(stores.tables).append([_row()])
    (found,) = find_traces(stores.tables, SpanQuery())
    assert (found.trace_id, found.name, found.spans) == (REQUEST[4:], "chat bot", 3)
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == (12, 3, 0.001)
    placed = tree(spans_of_trace(stores.tables, found.trace_id))
    assert [(one.span.name, one.depth, one.after_us, one.span.duration_us) for one in placed] == [
        ("chat bot", 0, 0, 900), ("retrieval", 1, 0, 100), ("chat gpt-5", 1, 100, 700),
    ]  # fmt: skip
    said = placed[2].span.attributes
    assert (said["gen_ai.provider.name"], said["gen_ai.request.model"]) == ("openai", "gpt-5")
    assert said["gen_ai.response.finish_reasons"] == ["stop"]
    assert placed[1].span.attributes["gen_ai.retrieval.documents"] == ["p1", "p2"]
    assert trace_of_request(stores.tables, REQUEST) == REQUEST[4:]


def test_a_call_within_a_caller_s_trace_stands_below_the_caller_s_span(stores: Stores) -> None:
    trace, caller = "f" * 32, "e" * 16
    SpanLog(stores.tables).append([Span(at=999_000, trace_id=trace, span_id=caller, name="answer", service="shop")])
    RequestLog(stores.tables).append([_row(trace_id=trace, parent_span_id=caller)])
    (found,) = find_traces(stores.tables, SpanQuery(model="gpt-5"))
    assert (found.trace_id, found.name, found.spans, found.services) == (trace, "answer", 4, ("shop", "loopwright"))
    assert [one.depth for one in tree(spans_of_trace(stores.tables, trace))] == [0, 1, 2, 2]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "error"}, 1), ({"status": "ok"}, 1), ({"longer_than_us": 5000}, 1), ({"model": "gpt-5"}, 2),
        ({"model": "other"}, 0), ({"text": "LW516"}, 1), ({"name": "BOT"}, 2), ({"costlier_than_usd": 0.5}, 0),
        ({"tool": "search"}, 0), ({"service": "shop"}, 0), ({"since": 2_000_000}, 1), ({"until": 2_000_000}, 1),
    ],
)  # fmt: skip
def test_calls_are_found_by_what_they_were(stores: Stores, asked: dict[str, Any], found: int) -> None:
    other = "req_" + "b" * 32
    failed = _row(other, at=2_000_000, event_time=2_000_000, latency_us=9000, status=502, error="LW516",
                  trace_id=trace_of(other))  # fmt: skip
    RequestLog(stores.tables).append([_row(), failed])
    assert len(find_traces(stores.tables, SpanQuery(**asked))) == found


def test_content_is_there_where_it_was_kept_sealed_or_not(stores: Stores) -> None:
    asked = [{"role": "user", "content": "hello"}]
    RequestLog(stores.tables).append([_row(inputs={"messages": asked, "model": "bot"}, output={"text": "hi"})])
    for _ in range(2):
        first = spans_of_trace(stores.tables, REQUEST[4:])[0]
        assert first.attributes["gen_ai.input.messages"] == asked
        assert first.attributes["gen_ai.output.messages"][0]["content"] == "hi"
        stores.tables.close()
        stores.tables.seal("requests")


def test_rows_of_models_are_no_calls(stores: Stores) -> None:
    model = RequestRow(request_id="r", at=1, event_time=1, endpoint="m", arm="champion", version="v", inputs={"x": 1})
    RequestLog(stores.tables).append(
        [model, _row(inputs={"messages": [{"role": "user", "content": [{"type": "text"}]}]})]
    )
    assert len(find_traces(stores.tables, SpanQuery())) == 1


def test_an_id_that_is_no_number_has_a_trace_too() -> None:
    assert len(trace_of("mine")) == 32
    assert trace_of("mine") != trace_of("yours")
    assert trace_of(REQUEST + ".0") == REQUEST[4:]
