"""One attempt: an upstream is asked once, whole or as a stream, and what becomes of it is counted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from loopwright.core.clock import Clock
from loopwright.errors import UpstreamError, UpstreamRefusedError
from loopwright.llm.ask import Ask, Piece, Reply
from loopwright.llm.calling.attempt import Attempt, BeforeAttempt, Cause, Failure
from loopwright.llm.calling.circuits import Circuits, Health
from loopwright.llm.calling.failing import busy, circuit_open, failure_of_error, failure_of_status
from loopwright.llm.calling.retry_after import asked_wait_s
from loopwright.llm.http.patience import Patience
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.http.stream import HttpStream
from loopwright.llm.provider import HttpAsk, Provider, StreamReader
from loopwright.llm.route import Route, Upstream

_T = TypeVar("_T")
_MOST_OF_AN_ERROR = 256 * 1024


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt is part of.

    Attributes:
        ask: The call.
        before: Asked before the upstream is.
        deadline: When the whole call must be over, in the clock's monotonic seconds.
        attempts: Where it is written down.
        under_way: The upstreams that are being asked.
    """

    ask: Ask
    before: BeforeAttempt
    deadline: float
    attempts: list[Attempt] = []
    under_way: list[str] = []

    @property
    def lost(self) -> int:
        """How many attempts may be on somebody's bill."""
        return len(self.under_way) + sum(attempt.lost for attempt in self.attempts)


class Answered(msgspec.Struct, Generic[_T], frozen=True, kw_only=True):
    """An upstream's answer."""

    value: _T
    upstream: Upstream


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A stream whose first pieces are there.

    Attributes:
        stream: The upstream's bytes.
        reader: Reads them.
        pieces: The first ones.
        ended: Whether there are no more.
        health: Where it counts as under way until it is over.
    """

    stream: HttpStream
    reader: StreamReader
    pieces: Sequence[Piece]
    ended: bool
    health: Health


Speak = Callable[[Upstream, Turn, HttpAsk], Awaitable[_T | Failure]]


class Asker:
    """Makes attempts. Lives on one event loop.

    Args:
        route: Its time-outs and its circuit's rule.
        pool: Connections.
        providers: By the upstream's api.
        secrets: Keys by their references.
        clock: Times attempts.
        circuits: What is known of upstreams.
    """

    def __init__(
        self, route: Route, *, pool: HttpPool, providers: Callable[[str], Provider], secrets: Callable[[str], str],
        clock: Clock, circuits: Circuits,
    ) -> None:  # fmt: skip
        self._route = route
        self._pool = pool
        self._providers = providers
        self._secrets = secrets
        self._clock = clock
        self._circuits = circuits

    async def attempt(
        self, upstream: Upstream, turn: Turn, speak: Speak[_T], *, wait_s: float
    ) -> Answered[_T] | Failure:
        """Ask an upstream once.

        Args:
            upstream: Whom.
            turn: The call that it is part of.
            speak: `whole` or `stream`.
            wait_s: How long to wait for room among the calls under way.

        Raises:
            Whatever `turn.before` raises.
        """
        try:
            secret = self._secrets(upstream.key) if upstream.key else ""
            request = self._providers(upstream.api).request(upstream, turn.ask, secret)
        except UpstreamError as error:
            return Failure(cause="config", error=error)
        except UpstreamRefusedError as error:
            return failure_of_error(error)
        health = self._circuits.of(upstream)
        if not await health.enter(upstream.concurrency, wait_s):
            return busy(upstream)
        if not health.allowed(self._clock.monotonic()):
            health.leave()
            return circuit_open(upstream)
        made = await self._counted(upstream, turn, speak, request=request, health=health)
        if isinstance(made, Failure):
            if secret:
                made.error.why = made.error.why.replace(secret, "…")
            return made
        return Answered(value=made, upstream=upstream)

    async def whole(self, upstream: Upstream, turn: Turn, request: HttpAsk) -> Reply | Failure:
        """Speak to an upstream that answers as one."""
        timeouts = self._route.timeouts
        patience = self._patience(turn, max(timeouts.first_token_s, timeouts.total_s / 2))
        answer = await self._pool.fetch(upstream.url, request, patience=patience)
        provider = self._providers(upstream.api)
        if 200 <= answer.status < 300:
            return provider.reply(turn.ask, answer.body)
        return failure_of_status(
            upstream, turn.ask.operation, status=answer.status, words=provider.refusal(answer.status, answer.body),
            retry_after_s=asked_wait_s(answer.header, self._clock.now()),
        )  # fmt: skip

    async def stream(self, upstream: Upstream, turn: Turn, request: HttpAsk) -> Opened | Failure:
        """Speak to an upstream that answers piece by piece, until the first is there."""
        patience = self._patience(turn, self._route.timeouts.first_token_s)
        stream = await self._pool.open(upstream.url, request, patience=patience)
        opened: Opened | Failure | None = None
        try:
            if not 200 <= stream.status < 300:
                opened = await self._refused(upstream, turn, stream)
            else:
                opened = await self._first(upstream, turn, stream)
        finally:
            if not isinstance(opened, Opened):
                stream.close()
        return opened

    async def _first(self, upstream: Upstream, turn: Turn, stream: HttpStream) -> Opened:
        reader = self._providers(upstream.api).reader(turn.ask)
        pieces: Sequence[Piece] = ()
        ended = False
        while not pieces and not ended:
            data = await stream.more()
            ended = not data
            pieces = reader.end() if ended else reader.feed(data)
        if not pieces:
            raise UpstreamError("the upstream's stream holds nothing", cause="malformed")
        health = self._circuits.of(upstream)
        return Opened(stream=stream, reader=reader, pieces=pieces, ended=ended, health=health)

    async def _refused(self, upstream: Upstream, turn: Turn, stream: HttpStream) -> Failure:
        body = await stream.read(_MOST_OF_AN_ERROR)
        words = self._providers(upstream.api).refusal(stream.status, body)
        wait_s = asked_wait_s(stream.header, self._clock.now())
        operation = turn.ask.operation
        return failure_of_status(upstream, operation, status=stream.status, words=words, retry_after_s=wait_s)

    async def _counted(
        self, upstream: Upstream, turn: Turn, speak: Speak[_T], *, request: HttpAsk, health: Health
    ) -> _T | Failure:
        tried = health.begin()
        started: float | None = None
        made: _T | Failure | None = None
        try:
            lost = turn.lost
            turn.under_way.append(upstream.name)
            await turn.before(upstream, lost)
            started = self._clock.monotonic()
            try:
                made = await speak(upstream, turn, request)
            except (UpstreamError, UpstreamRefusedError) as error:
                made = failure_of_error(_named(error, upstream))
        finally:
            turn.under_way.remove(upstream.name)
            ended = self._clock.monotonic()
            failure = made if isinstance(made, Failure) else None
            if made is None or (failure is not None and failure.cause == "untold"):
                health.dropped(tried=tried)
            else:
                good = failure is None or not failure.of_upstream
                health.ended(answered=good, tried=tried, rule=self._route.circuit, now=ended)
                health.asks_to_wait(0.0 if failure is None else failure.retry_after_s or 0.0, ended)
            if not isinstance(made, Opened):
                health.leave()
            if started is not None:
                cause: Cause | None = "cancelled" if made is None else failure.cause if failure else None
                status = failure.status if failure else 200 if made is not None else None
                turn.attempts.append(_attempt(upstream, (started, ended), status=status, cause=cause))
        return made

    def _patience(self, turn: Turn, first_s: float) -> Patience:
        timeouts = self._route.timeouts
        left_s = turn.deadline - self._clock.monotonic()
        return Patience(
            connect_s=timeouts.connect_s, first_s=first_s, between_s=timeouts.between_tokens_s,
            until=asyncio.get_running_loop().time() + left_s,
        )  # fmt: skip


def _attempt(upstream: Upstream, times: tuple[float, float], *, status: int | None, cause: Cause | None) -> Attempt:
    return Attempt(
        upstream=upstream.name, provider=upstream.provider_name, model=upstream.model, started=times[0],
        ended=times[1], status=status, error=cause or "",
    )  # fmt: skip


def _named(error: UpstreamError | UpstreamRefusedError, upstream: Upstream) -> UpstreamError | UpstreamRefusedError:
    error.context.setdefault("upstream", upstream.name)
    return error
