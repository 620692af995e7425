"""Spans of the home's own calls: made of the rows of the request log when somebody looks, so that they cost nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from blake3 import blake3

from loopwright.llm.spans import Span

_OPERATIONS: Mapping[str, str] = {
    "chat": "chat",
    "message": "chat",
    "response": "chat",
    "completion": "text_completion",
    "embedding": "embeddings",
}
SERVICE = "loopwright"
FIELDS = (
    "request_id", "at", "endpoint", "release", "arm", "version", "latency_us", "status", "error", "fallback_from",
    "shadow_of", "operation", "caller", "user", "feature", "session", "upstream", "provider", "model", "attempts",
    "input_tokens", "output_tokens", "cached_tokens", "cost_usd", "price", "first_token_us", "finish", "cache",
    "guards", "passages", "prepared_us", "upstream_us", "trace_id", "parent_span_id", "inputs", "output",
)  # fmt: skip
"""What of a row is needed."""


def trace_of(request_id: str) -> str:
    """The trace of a call that came without one: the random bits of its id."""
    text = request_id.partition("_")[2].partition(".")[0]
    whole = len(text) == 32 and not text.strip("0123456789abcdef")
    return text if whole else str(blake3(request_id.encode()).hexdigest(16))


def spans_of_call(row: Mapping[str, Any]) -> tuple[Span, ...]:
    """The call as the caller saw it, and below it what was retrieved, and the model that was asked.

    Args:
        row: A row of the request log of an application, by column; a column may be missing.
    """
    operation = _OPERATIONS.get(str(row.get("operation")), "chat")
    whole = Span(
        at=int(row["at"]),
        trace_id=str(row.get("trace_id") or trace_of(str(row["request_id"]))),
        span_id=_span_id(row, "call"),
        parent_id=str(row.get("parent_span_id") or ""),
        name=f"{operation} {row['endpoint']}",
        kind="server",
        duration_us=int(row.get("latency_us") or 0),
        service=SERVICE,
        status="error" if int(row.get("status") or 200) >= 500 else "ok",
        attributes=_said(row, _OF_CALL) | _content(row),
        session=str(row.get("session") or ""),
        request_id=str(row["request_id"]),
    )
    return (whole, *_retrieval(row, whole), *_model(row, whole, operation))


def _retrieval(row: Mapping[str, Any], whole: Span) -> Sequence[Span]:
    passages = list(row.get("passages") or ())
    if not passages:
        return ()
    return (
        Span(
            at=whole.at,
            trace_id=whole.trace_id,
            span_id=_span_id(row, "retrieval"),
            parent_id=whole.span_id,
            name="retrieval",
            duration_us=int(row.get("prepared_us") or 0),
            service=SERVICE,
            status="ok",
            attributes={"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": passages},
            session=whole.session,
            request_id=whole.request_id,
        ),
    )


def _model(row: Mapping[str, Any], whole: Span, operation: str) -> Sequence[Span]:
    if row.get("upstream_us") is None or row.get("model") is None:
        return ()
    return (
        Span(
            at=whole.at + int(row.get("prepared_us") or 0),
            trace_id=whole.trace_id,
            span_id=_span_id(row, "model"),
            parent_id=whole.span_id,
            name=f"{operation} {row['model']}",
            kind="client",
            duration_us=int(row["upstream_us"]),
            service=SERVICE,
            status=whole.status,
            attributes={"gen_ai.operation.name": operation} | _said(row, _OF_MODEL),
            session=whole.session,
            request_id=whole.request_id,
        ),
    )


_OF_CALL: Mapping[str, str] = {
    "endpoint": "loopwright.endpoint",
    "version": "loopwright.version",
    "arm": "loopwright.arm",
    "release": "loopwright.release",
    "fallback_from": "loopwright.fallback_from",
    "shadow_of": "loopwright.shadow_of",
    "caller": "loopwright.caller",
    "user": "user.id",
    "feature": "loopwright.feature",
    "session": "gen_ai.conversation.id",
    "cache": "loopwright.cache",
    "guards": "loopwright.guards",
    "status": "http.response.status_code",
    "error": "error.type",
    "request_id": "loopwright.request.id",
}
_OF_MODEL: Mapping[str, str] = {
    "provider": "gen_ai.provider.name",
    "model": "gen_ai.request.model",
    "upstream": "loopwright.upstream",
    "attempts": "loopwright.attempts",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cost_usd": "loopwright.cost_usd",
    "price": "loopwright.price",
    "error": "error.type",
}


def _said(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    given = {name: row.get(column) for column, name in names.items()}
    said = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value is not None and value not in ("", [], ())
    }
    if names is _OF_MODEL:
        if row.get("finish"):
            said["gen_ai.response.finish_reasons"] = [row["finish"]]
        if row.get("first_token_us") is not None:
            said["gen_ai.response.time_to_first_chunk"] = int(row["first_token_us"]) / 1e6
    return said


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    """Question and answer, where the log was told to keep them."""
    inputs, output = row.get("inputs"), row.get("output")
    found: dict[str, Any] = {}
    if isinstance(inputs, Mapping) and inputs.get("messages"):
        found["gen_ai.input.messages"] = list(inputs["messages"])
    if isinstance(output, Mapping) and output.get("text"):
        found["gen_ai.output.messages"] = [{"role": "assistant", "content": output["text"]}]
    return found


def _span_id(row: Mapping[str, Any], part: str) -> str:
    return str(blake3(f"{row['request_id']}/{part}".encode()).hexdigest(8))
