"""Errors as HTTP answers: code, what, why, fix and context; never a stack trace."""

import json
import math
from typing import Any

from loopwright.errors import InternalError, LoopwrightError, RateLimitedError

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
    """Headers that go with an error: when to try again, how to authenticate, what is allowed."""
    headers: list[tuple[bytes, bytes]] = []
    if error.retryable:
        wait_s = error.context.get("retry_after_s")
        seconds = math.ceil(wait_s) if isinstance(wait_s, float) else _RETRY_AFTER_S
        headers.append((b"retry-after", b"%d" % max(seconds, 1)))
    if isinstance(error, RateLimitedError):
        headers.extend(rate_headers(int(str(error.context.get("limit", 0))), 0))
    if error.http_status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(allow := error.context.get("allow"), str):
        headers.append((b"allow", allow.encode()))
    return tuple(headers)


def rate_headers(limit: int, remaining: int) -> tuple[tuple[bytes, bytes], ...]:
    """What a key's rate allows at once, and what is left of it."""
    return ((b"ratelimit-limit", b"%d" % limit), (b"ratelimit-remaining", b"%d" % remaining))


def body_of(error: LoopwrightError) -> bytes:
    """The JSON that every surface shows."""
    said: dict[str, Any] = error.as_dict()
    return json.dumps(said, default=str, ensure_ascii=False).encode("utf-8", "replace")


def oip_body_of(error: LoopwrightError) -> bytes:
    """The same, in the form of the Open Inference Protocol: `{"error": "..."}`."""
    text = ": ".join(part for part in (f"{error.code} {error.what}", error.why) if part)
    return json.dumps({"error": f"{text}. {error.fix}"}, ensure_ascii=False).encode("utf-8", "replace")
