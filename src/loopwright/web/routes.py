"""Routes: which handler answers which path and method, and who may ask."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from loopwright.core.access import Scope
from loopwright.errors import NotFoundError, UsageError
from loopwright.web.auth import JSON_ONLY
from loopwright.web.http import Request, Send

Opening = Literal["everyone", "loopback", "key"]


class Answer(Protocol):
    """Something that can be sent: a `Response`, or a stream."""

    async def send(self, send: Send) -> None: ...


Handler = Callable[..., Awaitable[Answer]]
"""Answers one request. It is given the request and what the path names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path.

    Attributes:
        path: The path, with `{name}` for one segment of it that the handler is given by name.
        handlers: By method.
        opening: Who may ask without a key: everyone, callers on loopback, or nobody.
        scope: What a key must be good for.
        takes: Media types of a body.
    """

    path: str
    handlers: Mapping[str, Handler]
    opening: Opening = "loopback"
    scope: Scope = "predict"
    takes: frozenset[str] = JSON_ONLY

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that are answered: a GET's headers alone (HEAD) and this list (OPTIONS) always are."""
        head = ("HEAD",) if "GET" in self.handlers and "HEAD" not in self.handlers else ()
        return (*self.handlers, *head, "OPTIONS")

    def handler(self, method: str) -> Handler:
        """What answers a method.

        Raises:
            UsageError: Nothing does (HTTP status 405).
        """
        found = self.handlers.get("GET" if method == "HEAD" and "HEAD" not in self.handlers else method)
        if found is None:
            raise not_answered(method, self.methods)
        return found


def not_answered(method: str, answered: Sequence[str]) -> UsageError:
    """The refusal of a method (HTTP status 405) at a path that answers others."""
    allowed = ", ".join(answered)
    return UsageError(
        f"{method[:20]} is not answered here", why=f"answered are: {allowed}", fix=f"Send {allowed}.",
        http_status=405, allow=allowed,
    )  # fmt: skip


class Routes:
    """A table of routes, looked up by path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._fixed = {route.path: route for route in routes if "{" not in route.path}
        self._shaped = [(_pattern(route.path), route) for route in routes if "{" in route.path]

    def find(self, path: str) -> tuple[Route, dict[str, Any]]:
        """The route of a path and what the path names.

        Raises:
            NotFoundError: There is none.
        """
        if (fixed := self._fixed.get(path)) is not None:
            return fixed, {}
        for pattern, route in self._shaped:
            if found := pattern.fullmatch(path):
                return route, found.groupdict()
        raise NotFoundError(
            f"there is no {path[:200]!r} here",
            fix="GET /openapi.json names the paths, GET /health/ready the endpoints.",
        )


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>[^/]+)" for n, part in enumerate(parts)))


def flag(request: Request, name: str) -> bool:
    """Whether a query parameter is on.

    Raises:
        UsageError: It is neither on nor off.
    """
    text = (request.asked(name) or "false").lower()
    if text not in ("true", "1", "false", "0"):
        raise UsageError(f"{name}={text[:20]!r} is neither true nor false", fix=f"Send ?{name}=true or leave it out.")
    return text in ("true", "1")
