"""OTLP: spans as exporters send them over HTTP, as JSON or protobuf, gzipped or not.

Source: the OpenTelemetry protocol specification 1.x, and its JSON mapping (ids in hexadecimal, 64-bit numbers as text).
"""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from loopwright.errors import MissingExtraError, PayloadTooLargeError, RequestRefusedError
from loopwright.llm.spans import Span, SpanKind, SpanStatus
from loopwright.llm.tracing.conventions import in_conventions

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
_KINDS: tuple[SpanKind, ...] = ("internal", "internal", "server", "client", "producer", "consumer")
_STATUSES: tuple[SpanStatus, ...] = ("unset", "ok", "error")
_MOST_ATTRIBUTES = 512
_LONGEST = 262_144
_IDS = ("traceId", "spanId", "parentSpanId")
_DEEPEST = 8


class _Status(msgspec.Struct, frozen=True):
    code: int | str = 0
    message: str = ""


class _Attribute(msgspec.Struct, frozen=True):
    key: str
    value: dict[str, Any] = {}


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    time_unix_nano: int | str = 0
    attributes: list[_Attribute] = []


class _Span(msgspec.Struct, frozen=True, rename="camel"):
    trace_id: str
    span_id: str
    name: str = ""
    parent_span_id: str = ""
    kind: int | str = 0
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: list[_Attribute] = []
    events: list[_Event] = []
    status: _Status | None = None


class _Scope(msgspec.Struct, frozen=True, rename="camel"):
    spans: list[_Span] = []


class _Resource(msgspec.Struct, frozen=True):
    attributes: list[_Attribute] = []


class _OfResource(msgspec.Struct, frozen=True, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_Scope] = []


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    resource_spans: list[_OfResource] = []


def unpacked(body: bytes, encoding: str, *, most: int) -> bytes:
    """The body without its `Content-Encoding`.

    Raises:
        RequestRefusedError: The encoding is not gzip, deflate or none, or the bytes are not of it.
        PayloadTooLargeError: It is larger than `most` bytes once it is unpacked.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise RequestRefusedError(f"the body is encoded as {encoding[:40]!r}", fix="Send it plain, or as gzip.")
    reader = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = reader.decompress(body, most + 1)
    except zlib.error as error:
        raise RequestRefusedError("the body is not what its Content-Encoding says", why=str(error)) from error
    if len(plain) > most:
        raise PayloadTooLargeError("the body is too large once it is unpacked", why=f"the limit is {most} bytes")
    if not reader.eof:
        raise RequestRefusedError("the body is cut off", why="its compressed stream does not end")
    return plain


def read_spans(body: bytes, media_type: str) -> list[Span]:
    """The spans of an export request.

    Args:
        body: Unpacked.
        media_type: `application/json` or `application/x-protobuf`.

    Raises:
        RequestRefusedError: It is no export request.
        MissingExtraError: It is protobuf, and its library is not installed.
    """
    if media_type == JSON:
        try:
            request = msgspec.json.decode(body, type=_Request)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RequestRefusedError("the body is no OTLP request", why=str(error)) from error
        return list(_spans(request))
    return list(_spans(_from_protobuf(body)))


def empty_answer(media_type: str) -> bytes:
    """What says that everything was taken, in the request's own encoding."""
    return b"{}" if media_type == JSON else b""


def _from_protobuf(body: bytes) -> _Request:
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    except ImportError as error:
        raise MissingExtraError(
            "spans in protobuf cannot be read", why=str(error),
            fix="Install `pip install 'loopwright[otel]'`, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/json.",
        ) from error  # fmt: skip
    message = ExportTraceServiceRequest()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise RequestRefusedError("the body is no OTLP request", why=str(error)) from error
    said = MessageToDict(message, use_integers_for_enums=True)
    scopes = (scope for one in said.get("resourceSpans", ()) for scope in one.get("scopeSpans", ()))
    for span in (span for scope in scopes for span in scope.get("spans", ())):
        # protobuf's own JSON says bytes in base64
        span |= {name: base64.b64decode(span[name]).hex() for name in _IDS if name in span}
    return msgspec.convert(said, _Request)


def _spans(request: _Request) -> Iterator[Span]:
    for of_resource in request.resource_spans:
        resource = _attributes(of_resource.resource.attributes) if of_resource.resource else {}
        service = str(resource.get("service.name", ""))[:200]
        for scope in of_resource.scope_spans:
            for span in scope.spans:
                yield _span(span, service)


def _span(span: _Span, service: str) -> Span:
    trace_id, span_id = _id(span.trace_id, 32, "traceId"), _id(span.span_id, 16, "spanId")
    parent = _id(span.parent_span_id, 16, "parentSpanId") if span.parent_span_id else ""
    start, end = _nano(span.start_time_unix_nano), _nano(span.end_time_unix_nano)
    attributes = in_conventions(_attributes(span.attributes))
    code = span.status.code if span.status else 0
    if span.status and span.status.message:
        attributes.setdefault("error.message", span.status.message[:_LONGEST])
    return Span(
        at=start // 1000,
        trace_id=trace_id,
        span_id=span_id,
        parent_id="" if set(parent) <= {"0"} else parent,
        name=span.name[:1000],
        kind=_KINDS[_number(span.kind, "SPAN_KIND_", _PROTO_KINDS)],
        duration_us=max(0, (end - start) // 1000),
        service=service,
        status=_STATUSES[_number(code, "STATUS_CODE_", _PROTO_STATUSES)],
        attributes=attributes,
        events=tuple(
            {
                "name": event.name[:1000],
                "at": _nano(event.time_unix_nano) // 1000,
                "attributes": _attributes(event.attributes),
            }
            for event in span.events[:_MOST_ATTRIBUTES]
        ),
        session=str(attributes.get("gen_ai.conversation.id", ""))[:200],
        request_id=str(attributes.get("loopwright.request.id", ""))[:200],
    )


_PROTO_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_PROTO_STATUSES = ("UNSET", "OK", "ERROR")


def _number(said: int | str, prefix: str, names: Sequence[str]) -> int:
    """An enum's number, said as such or by its name; 0 where it is none."""
    if isinstance(said, str):
        name = said.removeprefix(prefix)
        return names.index(name) if name in names else 0
    return said if 0 <= said < len(names) else 0


def _id(text: str, length: int, field: str) -> str:
    found = text.lower()
    if len(found) != length or not all(digit in "0123456789abcdef" for digit in found):
        raise RequestRefusedError(f"{field} is not {length} hexadecimal digits")
    return found


def _nano(said: int | str) -> int:
    try:
        number = int(said)
    except ValueError as error:
        raise RequestRefusedError("a time is no whole number of nanoseconds", why=str(said)[:40]) from error
    if not 0 <= number < 2**63:
        raise RequestRefusedError("a time lies outside of what can be kept", why=str(said)[:40])
    return number


def _attributes(said: Sequence[_Attribute]) -> dict[str, Any]:
    return {one.key[:300]: _value(one.value) for one in said[:_MOST_ATTRIBUTES]}


def _value(said: Any, depth: int = 0) -> Any:
    """The value of an `AnyValue`: text, a number, a truth, a list, a mapping; anything else as text."""
    if depth > _DEEPEST or not isinstance(said, Mapping) or not said:
        return None
    kind, value = next(iter(said.items()))
    within = value.get("values", ()) if isinstance(value, Mapping) else ()
    made: Any = str(value)[:_LONGEST]
    if kind in ("intValue", "doubleValue"):
        made = _figure(kind, value)
    elif kind == "boolValue":
        made = bool(value)
    elif kind == "arrayValue":
        made = [_value(one, depth + 1) for one in within]
    elif kind == "kvlistValue":
        made = {
            str(one.get("key"))[:300]: _value(one.get("value"), depth + 1) for one in within if isinstance(one, Mapping)
        }
    return made


def _figure(kind: str, value: Any) -> int | float | str:
    try:
        number = int(value) if kind == "intValue" else float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)[:100]
    return number if abs(number) < float("inf") else str(value)
