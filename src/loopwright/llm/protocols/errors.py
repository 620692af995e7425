"""Errors in the shapes that the stock clients of OpenAI and Anthropic understand."""

from typing import Any

import msgspec

from loopwright.errors import BudgetExceededError, LoopwrightError, PriceUnknownError
from loopwright.llm.ask import Operation
from loopwright.llm.protocols.sse import event_of

_OPENAI = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    429: "rate_limit_error",
    503: "service_unavailable_error",
    504: "timeout_error",
}
_ANTHROPIC = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_body(operation: Operation, error: LoopwrightError, *, status: int) -> bytes:
    """The body of an answer that is an error.

    Args:
        operation: Whose protocol the caller speaks.
        error: What went wrong. Its sentences are shown as they are; of its context only `field`.
        status: Of the answer; the error's type follows from it.
    """
    return msgspec.json.encode(_content(operation, error, status))


def error_event(operation: Operation, error: LoopwrightError) -> bytes:
    """The last event of a stream that broke. Nothing follows it, so that nobody takes what came for a whole answer."""
    content = _content(operation, error, error.http_status)
    if operation == "message":
        return event_of(msgspec.json.encode(content), "error")
    if operation == "response":
        shown = content["error"]
        event = {"type": "error", "sequence_number": 0, **{name: shown[name] for name in ("code", "message", "param")}}
        return event_of(msgspec.json.encode(event), "error")
    return event_of(msgspec.json.encode(content))


def sentences(error: LoopwrightError) -> str:
    """What happened, why, and what to do, as one text."""
    said = [error.what, error.why, error.fix]
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in said if part)


def _content(operation: Operation, error: LoopwrightError, status: int) -> dict[str, Any]:
    if operation == "message":
        kind = _ANTHROPIC.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": sentences(error), "code": error.code}}
    field = error.context.get("field")
    return {
        "error": {
            "message": sentences(error),
            "type": _openai_type(error, status),
            "param": str(field) if field else None,
            "code": error.code,
        }
    }


def _openai_type(error: LoopwrightError, status: int) -> str:
    if isinstance(error, BudgetExceededError | PriceUnknownError):
        return "insufficient_quota"
    return _OPENAI.get(status, "api_error" if status >= 500 else "invalid_request_error")
