"""Asking endpoints on a caller's behalf: the one way in, whatever the protocol."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

from loopwright.core.clock import Micros
from loopwright.core.schema import Signature
from loopwright.errors import NotFoundError, NotReadyError, OverloadedError, UsageError
from loopwright.serving import streaming
from loopwright.serving.arms import ArmSet
from loopwright.serving.call import Answered, Call
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.protocols import json_records
from loopwright.web.request_ids import RequestIds
from loopwright.web.workspace_clock import WorkspaceClock

CLOCK_HEADER = "loopwright-clock"
ID_HEADER = "x-request-id"
MOST_RECORDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What one server takes: body size in bytes, requests under way, seconds for one request."""

    body_bytes: int = 8_388_608
    in_flight: int = 512
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a protocol has read from a request.

    Attributes:
        records: n records.
        headers: The request's headers by lower-case name.
        pinned: A version's digest or its start, where the caller wants that one only.
        explain: Whether contributions of features are wanted.
        timeout_s: Seconds after which the caller no longer waits; None: the server's own limit.
    """

    records: list[Any]
    headers: Mapping[str, str]
    pinned: str | None = None
    explain: bool = False
    timeout_s: float | None = None


class Asking:
    """Lets requests through to endpoints, so many at a time. Lives on one event loop.

    Attributes:
        in_flight: Requests under way.
        limits: What is taken.
    """

    def __init__(
        self, endpoints: Mapping[str, Endpoint], *, clock: WorkspaceClock, ids: RequestIds, limits: HttpLimits
    ) -> None:
        self.endpoints = endpoints
        self.limits = limits
        self.in_flight = 0
        self._clock = clock
        self._ids = ids

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises NotFoundError."""
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            known = ", ".join(sorted(self.endpoints))
            raise NotFoundError(
                f"there is no endpoint {name[:100]!r}", why=f"there are: {known}", fix="Correct the name."
            )
        return endpoint

    @contextmanager
    def room(self) -> Iterator[None]:
        """Hold a place among the requests under way.

        Raises:
            OverloadedError: As many as are taken are under way already.
        """
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Take a place among the requests under way, to be left with `leave`.

        Raises:
            OverloadedError: As many as are taken are under way already.
        """
        if self.in_flight >= self.limits.in_flight:
            raise OverloadedError("too many requests are under way", why=f"the limit is {self.limits.in_flight}")
        self.in_flight += 1

    def leave(self) -> None:
        """Leave a place that was taken."""
        self.in_flight -= 1

    async def answer(self, endpoint: Endpoint, asked: Asked) -> Answered:
        """Ask an endpoint.

        Raises:
            UsageError: Too many records, or a clock header that is none.
            LoopwrightError: Whatever the endpoint says.
        """
        return await endpoint.answer(self.call(asked))

    async def stream(self, endpoint: Endpoint, call: Call, *, many: bool) -> AsyncIterator[Mapping[str, Any]]:
        """Ask an endpoint for its answer event by event: one, where its model does not stream. Raises as `answer`."""
        if not arms_of(endpoint).champion.model.streams:
            yield json_records.said(await endpoint.answer(call), many=many)
            return
        events: Any = streaming.stream(endpoint, call)
        async with aclosing(events):
            async for event in events:
                yield event

    def call(self, asked: Asked) -> Call:
        """The call that an endpoint is asked with. Raises UsageError."""
        records = checked_count(asked.records)
        clock = self._clock
        if (given := asked.headers.get(CLOCK_HEADER)) is not None:
            clock.advance(_instant(given))
        started = clock.monotonic()
        limit = self.limits.timeout_s
        wait_s = limit if asked.timeout_s is None else min(limit, asked.timeout_s)
        return Call(
            id=self._ids.of(asked.headers.get(ID_HEADER)),
            records=records,
            started=started,
            deadline=started + wait_s,
            received_at=clock.now() if clock.replay else None,
            pinned=asked.pinned,
            headers=asked.headers,
            explain=asked.explain,
        )


def checked_count(records: list[Any]) -> list[Any]:
    """The records, unless there are too many. Raises UsageError."""
    if len(records) > MOST_RECORDS:
        raise UsageError(
            f"{len(records)} records in one request", why=f"the limit is {MOST_RECORDS}",
            fix="Send fewer records in one request, or score the file with `loopwright predict`.",
        )  # fmt: skip
    return records


def arms_of(endpoint: Endpoint) -> ArmSet:
    """The arms that answer now. Raises NotReadyError."""
    if endpoint.arms is None:
        raise NotReadyError(f"endpoint {endpoint.name!r} has no version loaded yet")
    return endpoint.arms


def signature_of(endpoint: Endpoint, version: str | None = None) -> Signature:
    """The contract of a version that answers now, or of the champion.

    Raises:
        NotReadyError: Nothing is loaded.
        NotFoundError: That version does not answer now.
    """
    arms = arms_of(endpoint)
    if version is None:
        return arms.champion.intake.door.signature
    arm = arms.by_version(version)
    if arm is None:
        raise no_version(endpoint, version)
    return arm.intake.door.signature


def no_version(endpoint: Endpoint, version: str) -> NotFoundError:
    """What is said of a version that does not answer."""
    return NotFoundError(
        f"version {version[:64]!r} of {endpoint.name!r} does not answer now",
        why="a version is named by its digest or at least the first 8 characters of it",
        fix=f"GET /v2/models/{endpoint.name} names the versions that answer.",
    )


def answering_signature(endpoint: Endpoint, answered: Answered) -> Signature:
    """The contract of the version that answered; the champion's, where it does no longer."""
    arms = arms_of(endpoint)
    arm = arms.by_version(answered.version) or arms.champion
    return arm.intake.door.signature


def versions_of(endpoint: Endpoint) -> list[str]:
    """Digests of the versions that answer, the champion's first."""
    arms = arms_of(endpoint)
    return list(dict.fromkeys([arms.champion.spec.version, *(canary.spec.version for canary in arms.canaries)]))


def _instant(text: str) -> Micros:
    if not text.isdecimal() or len(text) > 18:
        raise UsageError("the clock header is not an instant", why="it is microseconds since 1970 in UTC")
    return int(text)
