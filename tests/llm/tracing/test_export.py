"""Spans out, to a collector on a real socket, read by our own intake and by OpenTelemetry's own reader."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.llm.tracing.test_logged_calls import REQUEST, _row

from loopwright.llm.tracing.calls import FIELDS, spans_of_call
from loopwright.llm.tracing.export import CallExport, Collector, collector_of, otlp_json
from loopwright.llm.tracing.otlp import JSON, read_spans
from loopwright.observations.request_log import RequestRow


class Kept:
    """A request log in memory."""

    def __init__(self) -> None:
        self.rows: list[RequestRow] = []

    def append(self, rows: Sequence[RequestRow]) -> None:
        self.rows += rows


class CollectorServer:
    """Answers with the statuses it is given, the last one for ever, and keeps what it took."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.bodies: list[bytes] = []
        self.heads: list[bytes] = []

    async def __aenter__(self) -> "CollectorServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
                self.heads.append(head)
                if status == 200:
                    self.bodies.append(body)
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\n{}" % status)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def _fields(**more: Any) -> dict[str, Any]:
    row = _row(**more)
    return {name: getattr(row, name) for name in FIELDS}


def test_what_is_sent_is_read_back_the_same() -> None:
    spans = spans_of_call(_fields())
    back = read_spans(otlp_json(spans, "loopwright"), JSON)
    for sent, read in zip(spans, back, strict=True):
        wanted = msgspec.structs.replace(sent, attributes={}, session="", request_id="")
        assert msgspec.structs.replace(read, attributes={}, session="", request_id="") == wanted
        assert {name: read.attributes[name] for name in sent.attributes} == dict(sent.attributes)


def test_opentelemetry_s_own_reader_takes_it() -> None:
    import base64

    said = msgspec.json.decode(otlp_json(spans_of_call(_fields()), "loopwright"))
    for span in said["resourceSpans"][0]["scopeSpans"][0]["spans"]:  # protobuf's own JSON has bytes in base64
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    message = Parse(msgspec.json.encode(said), ExportTraceServiceRequest())
    assert [span.name for span in message.resource_spans[0].scope_spans[0].spans] == [
        "chat bot",
        "retrieval",
        "chat gpt-5",
    ]


def test_calls_are_logged_first_and_sent_with_the_headers() -> None:
    async def go() -> None:
        kept = Kept()
        async with CollectorServer(200) as server:
            export = CallExport(
                kept, Collector(url=f"http://127.0.0.1:{server.port}", path="/v1/traces", headers={"x-key": "k"})
            )
            export.append([_row()])
            assert len(kept.rows) == 1
            await export.close()
            (body,) = server.bodies
            assert {span.trace_id for span in read_spans(body, JSON)} == {REQUEST[4:]}
            assert server.heads[0].startswith(b"POST /v1/traces ")
            assert b"x-key: k" in server.heads[0]

    asyncio.run(go())


@pytest.mark.parametrize(("status", "lost", "taken"), [(503, 0, 1), (429, 0, 1), (400, 1, 0)])
def test_what_is_not_taken_waits_and_what_is_refused_is_let_go(status: int, lost: int, taken: int) -> None:
    async def go() -> None:
        async with CollectorServer(status, 200) as server:
            export = CallExport(Kept(), Collector(url=f"http://127.0.0.1:{server.port}", path="/v1/traces"))
            export.append([_row()])
            await export._send()
            await export.close()
            assert (export.lost, len(server.bodies)) == (lost, taken)

    asyncio.run(go())


def test_a_collector_that_is_away_costs_no_call_anything() -> None:
    async def go() -> None:
        kept = Kept()
        export = CallExport(kept, Collector(url="http://127.0.0.1:9", path="/v1/traces"))
        export.append([_row(f"req_{n:032x}") for n in range(10_005)])
        assert (len(kept.rows), export.lost) == (10_005, 5)
        await export.close()

    asyncio.run(go())


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, ("http://c:4318", "/v1/traces")),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/in"}, ("http://c:4318", "/in/v1/traces")),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/x"}, ("https://c", "/x")),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, None),
    ],
)
def test_where_to_says_the_environment(environment: dict[str, str], found: tuple[str, str] | None) -> None:
    collector = collector_of(environment)
    assert (None if collector is None else (collector.url, collector.path)) == found


def test_headers_and_the_service_s_name_come_from_there_too() -> None:
    collector = collector_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "X-A=1%202,b=c",
                              "OTEL_SERVICE_NAME": "bot"})  # fmt: skip
    assert collector is not None
    assert (collector.headers, collector.service) == ({"x-a": "1 2", "b": "c"}, "bot")
