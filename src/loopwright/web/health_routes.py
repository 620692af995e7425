"""Whether this process lives, has started, and is ready: three different answers. And what it counts, and runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from loopwright.core.codec import to_json
from loopwright.errors import NotFoundError
from loopwright.web.http import Request, Response
from loopwright.web.routes import Answer, Route

Failures = Callable[[], Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a worker is.

    Attributes:
        failures: Endpoints whose arms could not be loaded, with the cause.
        well: Whether no endpoint hangs.
        draining: Whether it is about to end.
        degraded: What is not as it should be, though requests are answered.
    """

    failures: Failures
    well: Callable[[], bool]
    draining: Callable[[], bool]
    degraded: Callable[[], Mapping[str, Any]]


class Answering(Protocol):
    """An endpoint of any kind."""

    @property
    def arms(self) -> Any | None:
        """What answers now: its champion, its canaries, what the ledger says of them."""


class HealthRoutes:
    """`/health/{question}` and `/v2/health/{question}`."""

    def __init__(self, endpoints: Mapping[str, Answering], condition: Condition) -> None:
        self._endpoints = endpoints
        self._condition = condition
        self._started = False

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route(path="/health/{question}", handlers={"GET": self._health}, opening="everyone"),
            Route(path="/v2/health/{question}", handlers={"GET": self._health}, opening="everyone"),
        ]

    async def _health(self, _request: Request, question: str) -> Answer:
        if question == "live":
            return self._live()
        if question == "startup":
            return self._startup()
        if question == "ready":
            return self._ready()
        raise NotFoundError(f"there is no health question {question[:50]!r}", why="there are: live, ready, startup")

    def live(self) -> bool:
        """Whether no model hangs."""
        return self._condition.well()

    def ready(self) -> bool:
        """Whether requests may be sent now."""
        loaded = all(endpoint.arms is not None for endpoint in self._endpoints.values())
        return loaded and not self._condition.draining() and self._condition.well()

    def _live(self) -> Response:
        """Alive: this loop turns, and no model hangs. Who is not is started again."""
        live = self.live()
        return Response(status=200 if live else 503, body=to_json({"live": live}))

    def _startup(self) -> Response:
        """Started: every endpoint has had a version that answered its own example. It stays so."""
        said = self._states()
        self._started = self._started or all(state["ready"] for state in said.values())
        body = to_json({"started": self._started, "endpoints": said})
        return Response(status=200 if self._started else 503, body=body)

    def _ready(self) -> Response:
        """Ready: send requests now."""
        said, ready = self._states(), self.ready()
        degraded = self._condition.degraded()
        told: dict[str, Any] = {"ready": ready, "endpoints": said}
        told |= {"draining": True} if self._condition.draining() else {}
        told |= {"degraded": degraded} if degraded else {}
        return Response(status=200 if ready else 503, body=to_json(told))

    def _states(self) -> dict[str, dict[str, Any]]:
        failures = self._condition.failures()
        return {name: _state(endpoint, failures.get(name)) for name, endpoint in self._endpoints.items()}


def _state(endpoint: Answering, failure: Mapping[str, Any] | None) -> dict[str, Any]:
    arms = endpoint.arms
    said: dict[str, Any] = {"ready": arms is not None}
    if arms is not None:
        said |= {"version": arms.champion.spec.version, "revision": arms.spec.revision}
        said["arms"] = {canary.spec.name: canary.state for canary in arms.canaries}
    if failure is not None:
        said["failure"] = {name: failure.get(name, "") for name in ("code", "what", "why", "fix")}
    return said
