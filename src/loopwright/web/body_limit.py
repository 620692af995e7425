"""A limit on bodies for ASGI applications that read them by themselves."""

from collections.abc import MutableMapping
from typing import Any

from loopwright.errors import PayloadTooLargeError
from loopwright.web.http import Receive, Scope, Send


class BodyLimit:
    """Refuses bodies over a limit: one that says its size before it is read, one that comes in pieces while it is.

    The refusal is raised, where the body is read or before; the application around this one answers with it.

    Args:
        app: What reads the bodies.
        most_bytes: The limit.
    """

    def __init__(self, app: Any, *, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._most_bytes:
            raise self._too_large()
        size = 0

        async def limited() -> MutableMapping[str, Any]:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most_bytes:
                raise self._too_large()
            return message

        await self._app(scope, limited, send)

    def _too_large(self) -> PayloadTooLargeError:
        return PayloadTooLargeError(
            "the request body is too large", why=f"the limit is {self._most_bytes} bytes", limit_bytes=self._most_bytes
        )
