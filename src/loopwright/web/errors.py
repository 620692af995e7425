"""Errors as HTTP answers: code, what, why, fix and context; never a stack trace."""

import json
from typing import Any

from loopwright.errors import InternalError, LoopwrightError

_RETRY_AFTER_S = 1


def as_known(error: Exception) -> LoopwrightError:
    """The error itself, or for one of ours that nobody foresaw an InternalError that tells nothing of its inside."""
    if isinstance(error, LoopwrightError):
        return error
    return InternalError("the server failed", why="the cause is in the server's log")


def status_of(error: LoopwrightError) -> int:
    """The HTTP status that goes with an error."""
    return int(str(error.context.get("http_status", error.http_status)))


def headers_of(error: LoopwrightError) -> tuple[tuple[bytes, bytes], ...]:
    """Headers that go with an error: when to try again, how to authenticate."""
    headers: list[tuple[bytes, bytes]] = []
    if error.retryable:
        headers.append((b"retry-after", b"%d" % _RETRY_AFTER_S))
    if error.http_status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return tuple(headers)


def body_of(error: LoopwrightError) -> bytes:
    """The JSON that every surface shows."""
    said: dict[str, Any] = error.as_dict()
    return json.dumps(said, default=str, ensure_ascii=False).encode("utf-8", "replace")


def oip_body_of(error: LoopwrightError) -> bytes:
    """The same, in the form of the Open Inference Protocol: `{"error": "..."}`."""
    text = ": ".join(part for part in (f"{error.code} {error.what}", error.why) if part)
    return json.dumps({"error": f"{text}. {error.fix}"}, ensure_ascii=False).encode("utf-8", "replace")
