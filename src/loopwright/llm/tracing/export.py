"""Spans out: calls are sent to an OpenTelemetry collector as they are logged, a batch at a time, beside the answers.

Where to, and with which headers, says the environment by OpenTelemetry's own variables (OTEL_*). The protocol is OTLP
over HTTP in JSON, which every collector takes at the path that takes protobuf.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from loopwright.core.codec import to_json
from loopwright.errors import LoopwrightError
from loopwright.llm.http.patience import Patience
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.provider import HttpAsk
from loopwright.llm.spans import Span
from loopwright.llm.tracing.calls import FIELDS, SERVICE, spans_of_call, trace_of
from loopwright.observations.generation_rows import GenerationRow
from loopwright.observations.request_log import RequestRow

_FLUSHED_EVERY_S = 1.0
_TOGETHER = 256
_MOST_WAITING = 10_000
_LAST_S = 3.0
_LOG = logging.getLogger("loopwright.tracing")
_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUSES = {"unset": 0, "ok": 1, "error": 2}


class Sink(Protocol):
    """Where rows go."""

    def append(self, rows: Sequence[RequestRow]) -> None:
        """Keep rows, with one write."""


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """Where spans are sent.

    Attributes:
        url: Scheme, host and port.
        path: As `/v1/traces`.
        headers: Secrets may be among them; never logged.
        service: `service.name`.
    """

    url: str
    path: str
    headers: Mapping[str, str] = {}
    service: str = SERVICE


def collector_of(environment: Mapping[str, str]) -> Collector | None:
    """The collector that the environment names; None where it names none or switches tracing off."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return None
    whole = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
    base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    if not (whole or base):
        return None
    place = urlsplit(whole or f"{base.rstrip('/')}/v1/traces")
    given = environment.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") or environment.get("OTEL_EXPORTER_OTLP_HEADERS", "")
    pairs = [pair.partition("=") for pair in given.split(",") if "=" in pair]
    return Collector(
        url=urlunsplit((place.scheme, place.netloc, "", "", "")),
        path=place.path or "/",
        headers={unquote(name).strip().lower(): unquote(value).strip() for name, _, value in pairs},
        service=environment.get("OTEL_SERVICE_NAME") or SERVICE,
    )


class CallExport:
    """A request log whose rows of applications are sent to a collector too. Lives on one event loop.

    A collector that does not answer costs no call anything: rows wait, up to ten thousand, and further ones are counted
    and let go.

    Args:
        sink: The request log.
        collector: Where to.

    Attributes:
        lost: Calls whose spans were let go.
    """

    def __init__(self, sink: Sink, collector: Collector) -> None:
        self._sink = sink
        self._collector = collector
        self._waiting: deque[GenerationRow] = deque()
        self._pool = HttpPool()
        self.lost = 0

    def append(self, rows: Sequence[RequestRow]) -> None:
        """Keep rows, and have those of applications sent."""
        self._sink.append(rows)
        for row in rows:
            if isinstance(row, GenerationRow):
                if len(self._waiting) < _MOST_WAITING:
                    self._waiting.append(row)
                else:
                    self.lost += 1

    async def run(self) -> None:
        """Send what waits, once a second, until cancelled."""
        while True:
            await asyncio.sleep(_FLUSHED_EVERY_S)
            while self._waiting and await self._send():
                pass

    async def close(self) -> None:
        """Send what waits still, for a few seconds at most."""
        try:
            async with asyncio.timeout(_LAST_S):
                while self._waiting and await self._send():
                    pass
        except TimeoutError:
            _LOG.warning("the last %d calls were not sent: the collector does not answer", len(self._waiting))
        await self._pool.aclose()

    async def _send(self) -> bool:
        """Send a batch; False where the collector did not take it, and it waits on."""
        batch = [self._waiting[place] for place in range(min(_TOGETHER, len(self._waiting)))]
        spans = [span for row in batch for span in spans_of_call(_fields(row))]
        headers = {"content-type": "application/json", **self._collector.headers}
        ask = HttpAsk(path=self._collector.path, body=otlp_json(spans, self._collector.service), headers=headers)
        try:
            answer = await self._pool.fetch(self._collector.url, ask, patience=Patience(first_s=10.0, between_s=10.0))
        except LoopwrightError as error:
            _LOG.warning("spans were not sent: %s %s", error.what, error.why)
            return False
        if answer.status in (408, 429) or answer.status >= 500:
            _LOG.warning("spans were not taken: the collector answered %d", answer.status)
            return False
        if answer.status >= 400:
            self.lost += len(batch)
            _LOG.warning("spans were refused: the collector answered %d", answer.status)
        for _ in batch:
            self._waiting.popleft()
        return True


def otlp_json(spans: Sequence[Span], service: str) -> bytes:
    """An export request in OTLP's JSON."""
    return to_json(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": [_attribute("service.name", service)]},
                    "scopeSpans": [{"scope": {"name": SERVICE}, "spans": [_span(span) for span in spans]}],
                }
            ]
        }
    )


def _span(span: Span) -> dict[str, Any]:
    said = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.at * 1000),
        "endTimeUnixNano": str((span.at + span.duration_us) * 1000),
        "attributes": [_attribute(name, value) for name, value in span.attributes.items()],
        "status": {"code": _STATUSES[span.status]},
    }
    return said | ({"parentSpanId": span.parent_id} if span.parent_id else {})


def _attribute(name: str, value: Any) -> dict[str, Any]:
    return {"key": name, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list | tuple) and not any(isinstance(one, Mapping) for one in value):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": to_json(value).decode()}


def _fields(row: GenerationRow) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in FIELDS}
    return said | {"trace_id": row.trace_id or trace_of(row.request_id)}
