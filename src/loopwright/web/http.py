"""The little HTTP that raw ASGI needs: one request read whole, one answer sent."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from loopwright.errors import PayloadTooLargeError, UsageError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
JSON = b"application/json"
_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        """Give it to the server."""
        length = b"%d" % len(self.body)
        headers = [(b"content-type", self.content_type), (b"content-length", length), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: `headers` by lower-case name, the last of several of one name; `query` as it was sent.

    `secure` says whether it came by TLS.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    receive: Receive
    query: bytes = b""
    secure: bool = False

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> "Request":
        """The request of an ASGI scope."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get("query_string", b"")
        return cls(
            method=scope["method"], path=scope["path"], headers=headers, receive=receive, query=query,
            secure=scope.get("scheme") == "https",
        )  # fmt: skip

    def asked(self, name: str) -> str | None:
        """A query parameter, the last of several of one name; None where there is none. Raises UsageError."""
        if not self.query:
            return None
        try:
            found = parse_qs(self.query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise UsageError("the query string is too long", why=f"the limit is {_MOST_FIELDS} parameters") from error
        return found[name][-1] if name in found else None

    async def body(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            PayloadTooLargeError: It is over `limit` bytes; nothing more of it is read.
            ConnectionAbortedError: The caller went away.
        """
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise _too_large(limit)
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        first: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return _within(first, limit)
        parts, size = [first], len(first)
        while message.get("more_body", False):
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionAbortedError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
        return b"".join(parts)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError("the request body is too large", why=f"the limit is {limit} bytes", limit_bytes=limit)
