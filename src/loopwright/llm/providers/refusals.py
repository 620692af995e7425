"""What an upstream says went wrong, made fit to be shown."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

MOST_CHARACTERS = 500
_SECRET = re.compile(r"(?i)\bbearer\s+\S{6,}|\b(?:sk|pk|rk|gsk|xai|hf)[-_][\w*.…-]{6,}|\baiza[\w*.-]{6,}")
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def refusal_of(status: int, body: bytes) -> str:
    """The upstream's message, whatever its shape, in one line of at most 500 characters.

    What looks like a key is masked: vendors quote keys that they do not know.
    """
    try:
        said = _message(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _TAG.sub(" ", body[:10_000].decode("utf-8", "replace"))
    line = _SECRET.sub("…", " ".join(said.split()))
    return line[:MOST_CHARACTERS] or f"status {status} and no message"


def error_in(body: Any) -> str:
    """The message where a decoded body or event is an error, though the status was 200; empty where it is none."""
    if isinstance(body, list) and body:
        return error_in(body[0])
    if not isinstance(body, Mapping):
        return ""
    error = body.get("error")
    if error or body.get("type") == "error" or body.get("object") == "error":
        return refusal_of(200, msgspec.json.encode(body))
    return ""


def _message(data: Any) -> str:
    """The innermost text under the names that vendors use."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return "; ".join(_message(one) for one in data[:3])
    if not isinstance(data, Mapping):
        return ""
    for name in ("error", "message", "detail", "errors", "msg", "title", "code", "type"):
        said = _message(data.get(name))
        if said:
            return said
    return ""
