"""Spans over HTTP, as the stock OpenTelemetry exporter sends them, over a real socket."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.llm.spans import SpanLog
from loopwright.llm.tracing.search import find_traces, spans_of_trace
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.store.open_stores import Stores, create_home, open_stores
from loopwright.web.auth import Doors
from loopwright.web.errors import as_known, body_of, status_of
from loopwright.web.http import Request, Response
from loopwright.web.keyring import NoKeys
from loopwright.web.span_intake import SpanIntake


class Port:
    """The intake behind a socket of its own."""

    def __init__(self, folder: Path, *, loopback: bool) -> None:
        clock = SystemClock()
        create_home(folder, replay=False, ids=random_id, clock=clock)
        self.stores: Stores = open_stores(folder, clock=clock, ids=random_id)
        doors = Doors(token="t0ken", keys=NoKeys(), loopback=loopback)
        intake = SpanIntake(SpanLog(self.stores.tables), doors=doors, most_bytes=100_000)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                answer: Response = await intake.take(Request.of(scope, receive))
            except Exception as error:
                known = as_known(error)
                answer = Response(status=status_of(known), body=body_of(known))
            await answer.send(send)

        self.server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="error"))
        threading.Thread(target=self.server.run, daemon=True).start()
        while not self.server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}/v1/traces"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    made = Port(tmp_path / "home", loopback=True)
    yield made
    made.server.should_exit = True


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_stock_exporter_s_spans_are_kept_as_they_were(port: Port, compression: Compression) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=port.url, compression=compression)))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("answer", attributes={"session.id": "s1"}) as root:
        with tracer.start_as_current_span("chat gpt-5") as call:
            call.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5"})
            call.set_attributes({"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3, "list": ["a", "b"]})
            call.add_event("retry", {"attempt": 2})
            call.set_status(Status(StatusCode.ERROR, "too slow"))
        trace = f"{root.get_span_context().trace_id:032x}"
    provider.shutdown()  # sends what there is
    (found,) = find_traces(port.stores.tables, SpanQuery(model="gpt-5"))
    assert (found.trace_id, found.name, found.spans, found.errors) == (trace, "answer", 2, 1)
    assert (found.input_tokens, found.output_tokens, found.session, found.services) == (12, 3, "s1", ("shop",))
    root_span, call_span = spans_of_trace(port.stores.tables, trace)
    assert call_span.parent_id == root_span.span_id
    assert call_span.attributes["list"] == ["a", "b"]
    assert (call_span.events[0]["name"], call_span.events[0]["attributes"]) == ("retry", {"attempt": 2})
    assert call_span.attributes["error.message"] == "too slow"
    assert root_span.duration_us >= call_span.duration_us


def test_json_is_answered_in_json(port: Port) -> None:
    span = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "x", "startTimeUnixNano": "1000", "endTimeUnixNano": 2000}
    said = httpx.post(port.url, json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert (said.status_code, said.json(), said.headers["content-type"]) == (200, {}, "application/json")
    assert len(spans_of_trace(port.stores.tables, "a" * 32)) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 422),
        (b"not gzip", {"content-encoding": "gzip"}, 422),
        (gzip.compress(b"0" * 1_000_000), {"content-encoding": "gzip"}, 413),
        (b"0" * 200_000, {}, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"\xff\xff\xff", {"content-type": "application/x-protobuf"}, 422),
    ],
)
def test_what_is_no_export_is_refused_and_nothing_is_kept(
    port: Port, body: bytes, headers: dict[str, str], status: int
) -> None:
    said = httpx.post(port.url, content=body, headers={"content-type": "application/json"} | headers)
    assert said.status_code == status, said.text
    assert "what" in json.loads(said.content)
    assert find_traces(port.stores.tables, SpanQuery()) == ()


def test_from_another_machine_spans_need_a_key(tmp_path: Path) -> None:
    port = Port(tmp_path / "home", loopback=False)
    try:
        assert httpx.post(port.url, json={}).status_code == 401
        assert httpx.post(port.url, json={}, headers={"authorization": "Bearer t0ken"}).status_code == 200
    finally:
        port.server.should_exit = True


def test_another_method_is_told_which_one_is_answered(port: Port) -> None:
    assert httpx.get(port.url).status_code == 405
