"""Spans as exporters send them."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import PayloadTooLargeError, RequestRefusedError
from loopwright.llm.tracing.otlp import JSON, PROTOBUF, read_spans, unpacked

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def _request(**span: Any) -> bytes:
    said = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "chat gpt-5",
        "kind": 3,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000001500000000",
    } | span
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [said]}]}]}).encode()


def test_a_span_keeps_its_place_its_times_and_its_service() -> None:
    (span,) = read_spans(_request(parentSpanId="1" * 16, status={"code": 2, "message": "too slow"}), JSON)
    assert (span.trace_id, span.span_id, span.parent_id) == (TRACE, SPAN, "1" * 16)
    assert (span.at, span.duration_us, span.kind, span.service) == (1_700_000_000_000_000, 1_500_000, "client", "shop")
    assert (span.status, span.attributes["error.message"]) == ("error", "too slow")


def test_every_form_of_value_is_read() -> None:
    values = {
        "text": {"stringValue": "a"},
        "whole": {"intValue": "7"},
        "number": {"doubleValue": 0.5},
        "truth": {"boolValue": True},
        "list": {"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": 2}]}},
        "mapping": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": False}}]}},
        "nothing": {},
    }
    (span,) = read_spans(_request(attributes=[{"key": key, "value": value} for key, value in values.items()]), JSON)
    assert span.attributes == {
        "text": "a", "whole": 7, "number": 0.5, "truth": True, "list": ["x", 2], "mapping": {"k": False},
        "nothing": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "status", "read"),
    [
        ("SPAN_KIND_SERVER", "STATUS_CODE_OK", ("server", "ok")),
        (99, -4, ("internal", "unset")),
        ("X", "Y", ("internal", "unset")),
    ],
)
def test_kinds_and_statuses_are_numbers_or_names_and_unknown_ones_say_nothing(
    kind: Any, status: Any, read: tuple[str, str]
) -> None:
    (span,) = read_spans(_request(kind=kind, status={"code": status}), JSON)
    assert (span.kind, span.status) == read


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("traceId", "xyz", "traceId"),
        ("traceId", TRACE[:-1], "traceId"),
        ("spanId", "", "spanId"),
        ("startTimeUnixNano", "soon", "time"),
        ("startTimeUnixNano", -1, "time"),
        ("endTimeUnixNano", 2**70, "time"),
    ],
)
def test_what_is_wrong_with_a_span_is_named(field: str, value: Any, named: str) -> None:
    with pytest.raises(RequestRefusedError, match=named):
        read_spans(_request(**{field: value}), JSON)


@given(st.binary(max_size=400))
def test_bytes_that_are_no_request_are_refused_and_never_crash(body: bytes) -> None:
    for media_type in (JSON, PROTOBUF):
        try:
            read_spans(body, media_type)
        except RequestRefusedError:
            continue


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue"]), _JSON)
def test_a_value_of_any_form_crashes_nothing(kind: str, value: Any) -> None:
    body = _request(attributes=[{"key": "a", "value": {kind: value}}])
    try:
        (span,) = read_spans(body, JSON)
    except RequestRefusedError:  # a number that no JSON reader of ours holds
        return
    assert "a" in span.attributes


def test_protobuf_says_the_same_as_json() -> None:
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    attributes = [
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}},
        {"key": "tags", "value": {"arrayValue": {"values": [{"stringValue": "x"}]}}},
    ]
    body = _request(attributes=attributes, status={"code": 1})
    import base64

    said = json.loads(body)
    span = said["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    for name in ("traceId", "spanId"):
        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    packed = ParseDict(said, ExportTraceServiceRequest()).SerializeToString()
    assert read_spans(packed, PROTOBUF) == read_spans(body, JSON)


def test_a_packed_body_is_unpacked_up_to_the_limit() -> None:
    body = _request()
    assert unpacked(gzip.compress(body), "gzip", most=10_000) == body
    assert unpacked(body, "", most=10_000) == body
    with pytest.raises(PayloadTooLargeError):
        unpacked(gzip.compress(b"0" * 100_000), "gzip", most=10_000)
    with pytest.raises(RequestRefusedError, match="cut off"):
        unpacked(gzip.compress(body)[:-9], "gzip", most=10_000)
    with pytest.raises(RequestRefusedError):
        unpacked(body, "br", most=10_000)
