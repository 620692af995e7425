"""The spans of a call, in OpenTelemetry's GenAI conventions: the call, its retrieval, the upstream's answer."""

import re
from collections.abc import Mapping
from typing import Any

from loopwright.core.codec import to_json
from loopwright.llm.spans import Span
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.rows import Ended

SERVICE = "loopwright"
_OPERATIONS = {"completion": "text_completion", "embedding": "embeddings"}
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_HEX = re.compile(r"[^0-9a-f]")
_NO_TRACE = "0" * 32


def trace_of(course: Course) -> tuple[str, str]:
    """The trace that a call belongs to and the span that it is part of: the caller's, else one made of its id."""
    given = _TRACEPARENT.fullmatch(course.call.headers.get("traceparent", ""))
    if given is not None and given[1] != _NO_TRACE:
        return given[1], given[2]
    return _digits(course.call.id), ""


def spans_of(course: Course, ended: Ended, *, content: bool = False) -> list[Span]:
    """The spans of a call that has ended.

    Args:
        course: Its course.
        ended: How and when.
        content: Whether what was asked and answered is in them.
    """
    call = course.call
    trace, parent = trace_of(course)
    root = _digits(course.charge_id)[:16]
    common: dict[str, Any] = {
        "trace_id": trace, "service": SERVICE, "session": call.session, "request_id": call.id
    }  # fmt: skip
    spans = [
        Span(
            at=call.at, span_id=root, parent_id=parent, name=f"{_operation(course)} {course.label.endpoint}",
            kind="server", duration_us=_us(ended.now - call.started), status="error" if ended.error else "ok",
            attributes=_of_call(course, ended), **common,
        )
    ]  # fmt: skip
    if course.retrieved_s is not None and course.prepared_s is not None:
        spans.append(
            Span(
                at=call.at + _us(course.retrieved_s - call.started), span_id=_child(root, 1), parent_id=root,
                name="retrieval", duration_us=_us(course.prepared_s - course.retrieved_s), status="ok",
                attributes={
                    "gen_ai.operation.name": "retrieval",
                    "gen_ai.retrieval.documents": [passage.id for passage in course.passages],
                }, **common,
            )
        )  # fmt: skip
    if course.upstream is not None:
        began = course.prepared_s or call.started
        spans.append(
            Span(
                at=call.at + _us(began - call.started), span_id=_child(root, 2), parent_id=root, kind="client",
                name=f"{_operation(course)} {course.upstream.model}", duration_us=_us(ended.now - began),
                status="error" if ended.status >= 500 else "ok", attributes=_of_upstream(course, content), **common,
            )
        )  # fmt: skip
    return spans


def _of_call(course: Course, ended: Ended) -> Mapping[str, Any]:
    said: dict[str, Any] = {
        "gen_ai.operation.name": _operation(course),
        "gen_ai.request.model": course.call.model,
        "gen_ai.conversation.id": course.call.session or None,
        "loopwright.endpoint": course.label.endpoint,
        "loopwright.version": course.label.version,
        "loopwright.arm": course.label.arm or None,
        "loopwright.release": course.label.release,
        "loopwright.fallback_from": course.fallback_from,
        "loopwright.cache": course.cache,
        "loopwright.guards": course.findings or None,
        "loopwright.feature": course.call.feature or None,
        "loopwright.cost_usd": course.spend.cost_usd if course.spend else None,
        "http.response.status_code": ended.status,
        "error.type": ended.error,
    }
    return {name: value for name, value in said.items() if value is not None}


def _of_upstream(course: Course, content: bool) -> Mapping[str, Any]:
    upstream, usage, call = course.upstream, course.usage, course.call
    assert upstream is not None
    first = course.first_token_s
    said: dict[str, Any] = {
        "gen_ai.operation.name": _operation(course),
        "gen_ai.provider.name": upstream.provider_name,
        "gen_ai.request.model": upstream.model,
        "gen_ai.request.stream": call.ask.stream or None,
        "gen_ai.response.finish_reasons": [course.finish] if course.finish else None,
        "gen_ai.response.time_to_first_chunk": None if first is None else first - (course.prepared_s or call.started),
        "gen_ai.usage.input_tokens": usage.input_tokens if usage else None,
        "gen_ai.usage.output_tokens": usage.output_tokens if usage else None,
        "gen_ai.usage.cache_read.input_tokens": (usage.cache_read_tokens or None) if usage else None,
        "gen_ai.usage.reasoning.output_tokens": (usage.reasoning_tokens or None) if usage else None,
        "loopwright.upstream": upstream.name,
        "loopwright.attempts": course.attempts,
    }
    if content:
        said["gen_ai.input.messages"] = to_json(course.asked.body.get("messages")).decode()
        said["gen_ai.output.messages"] = to_json([{"role": "assistant", "content": course.text}]).decode()
    return {name: value for name, value in said.items() if value is not None}


def _operation(course: Course) -> str:
    return _OPERATIONS.get(course.call.ask.operation, "chat")


def _digits(id: str) -> str:
    """32 hexadecimal digits of a request's id, which is made of as many; others for another arm's part in it."""
    plain, _, arm = id.partition("~")
    digits = _HEX.sub("", plain.removeprefix("req_"))[:32].rjust(32, "0")
    return digits if not arm else f"{(int(digits, 16) ^ int.from_bytes(arm.encode()[:16], 'big')) % (1 << 128):032x}"


def _child(span: str, number: int) -> str:
    return f"{(int(span, 16) + number) % (1 << 64):016x}"


def _us(seconds: float) -> int:
    return int(seconds * 1e6)
