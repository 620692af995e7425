"""One call through a route: who is asked, again, or in place of whom, until somebody answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from loopwright.core.clock import Clock
from loopwright.errors import LoopwrightError, UpstreamRefusedError
from loopwright.llm.ask import Ask, Operation, Reply
from loopwright.llm.calling.asker import Answered, Asker, Opened, Speak, Turn
from loopwright.llm.calling.attempt import BeforeAttempt, Called, Failure
from loopwright.llm.calling.choice import by_key, by_lot
from loopwright.llm.calling.circuit import position
from loopwright.llm.calling.circuits import Circuits
from loopwright.llm.calling.failing import circuit_open, gave_up
from loopwright.llm.calling.hedging import first_to_answer
from loopwright.llm.calling.retrying import Progress, next_step
from loopwright.llm.calling.stream_call import StreamCall
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.provider import Provider
from loopwright.llm.route import Route, Upstream

__all__ = ["Caller", "StreamCall"]
_T = TypeVar("_T")
_FIRST = Progress()


class Caller:
    """Makes the calls of one version of an application. Lives on one event loop.

    Args:
        route: Where they go.
        pool: Connections, shared by a worker's callers.
        providers: Who speaks an upstream's protocol, by its api.
        secrets: Resolves references of keys, each time; raises UpstreamError where there is none.
        clock: Times attempts; deadlines and circuits go by its monotonic seconds.
        rng: Draws upstreams and waits.
        circuits: What is known of upstreams, shared by a worker's callers; its own where None.
    """

    def __init__(
        self, route: Route, *, pool: HttpPool, providers: Callable[[str], Provider], secrets: Callable[[str], str],
        clock: Clock, rng: np.random.Generator, circuits: Circuits | None = None,
    ) -> None:  # fmt: skip
        self._route = route
        self._providers = providers
        self._clock = clock
        self._rng = rng
        self._circuits = Circuits() if circuits is None else circuits
        self._asker = Asker(
            route, pool=pool, providers=providers, secrets=secrets, clock=clock, circuits=self._circuits
        )
        self._able: dict[Operation, tuple[Upstream, ...]] = {}

    async def call(self, ask: Ask, *, sticky: str = "", before: BeforeAttempt) -> Called:
        """An answer that comes whole.

        Args:
            ask: What is asked.
            sticky: Calls with the same key go to the same upstream while it answers; empty: by lot.
            before: Called before each attempt; what it raises ends the call.

        Raises:
            UpstreamRefusedError: The request is not what the upstream takes; `http_status` in its context.
            UpstreamError: Nobody answered; in its context `upstream`, `attempts`, `cause`, and `status` (see
                `failing.gave_up`).
        """
        turn = self._turn(ask, before)
        answered: Answered[Reply] = await self._answered(turn, self._asker.whole, sticky)
        return Called(reply=answered.value, upstream=answered.upstream, attempts=tuple(turn.attempts))

    async def stream(self, ask: Ask, *, sticky: str = "", before: BeforeAttempt) -> StreamCall:
        """An answer that streams, once its first piece is there; until then failures are tried again.

        Args, Raises: as `call`.
        """
        turn = self._turn(ask, before)
        answered: Answered[Opened] = await self._answered(turn, self._asker.stream, sticky)
        upstream = answered.upstream

        def broke() -> None:
            now, rule = self._clock.monotonic(), self._route.circuit
            self._circuits.of(upstream).ended(answered=False, tried=False, rule=rule, now=now)

        return StreamCall(answered.value, upstream=upstream, attempts=tuple(turn.attempts), on_break=broke)

    def state(self) -> list[dict[str, Any]]:
        """Each upstream for status and metrics: its circuit, its failures among the last calls, its calls under way."""
        now = self._clock.monotonic()
        rows = []
        for upstream in self._route.upstreams:
            health = self._circuits.of(upstream)
            circuit = health.state
            wait_s = 0.0 if circuit.until is None else max(0.0, circuit.until - now)
            rows.append({
                "upstream": upstream.name, "provider": upstream.provider_name, "model": upstream.model,
                "circuit": position(circuit, now), "failures": circuit.failures, "calls": circuit.seen,
                "under_way": health.under_way, "tries_again_s": round(wait_s, 3),
            })  # fmt: skip
        return rows

    def _turn(self, ask: Ask, before: BeforeAttempt) -> Turn:
        return Turn(ask=ask, before=before, deadline=self._clock.monotonic() + self._route.timeouts.total_s)

    async def _answered(self, turn: Turn, speak: Speak[_T], sticky: str) -> Answered[_T]:
        order = self._order(turn.ask.operation, sticky)
        usable = self._usable(order)
        if not usable:
            raise gave_up([circuit_open(upstream) for upstream in order], turn.attempts)
        progress = _FIRST if len(order) == 1 else Progress(at=self._rested(order, usable))
        failures: list[Failure] = []
        while True:
            if len(order) == 1:
                wait_s, hedged = turn.deadline - self._clock.monotonic(), None
                made = await self._asker.attempt(order[0], turn, speak, wait_s=wait_s)
            else:
                made, hedged = await self._hedged(turn, speak, order=order, progress=progress)
            if isinstance(made, Answered):
                return made
            failures.append(made)
            if made.final:
                raise made.error
            progress = progress if hedged is None else progress.having_asked(hedged)
            step = next_step(
                progress, made, retry=self._route.retry, usable=self._usable(order), lot=self._rng.random(),
                left_s=turn.deadline - self._clock.monotonic(),
            )  # fmt: skip
            if step is None:
                raise gave_up(failures, turn.attempts)
            progress = step.progress
            if step.wait_s > 0:
                await asyncio.sleep(step.wait_s)

    async def _hedged(
        self, turn: Turn, speak: Speak[_T], *, order: Sequence[Upstream], progress: Progress
    ) -> tuple[Answered[_T] | Failure, int | None]:
        """Ask an upstream, and another one too where it says nothing for long; also who that was."""
        others = [n for n in self._usable(order) if n != progress.at and n not in progress.asked | progress.out]
        left_s = turn.deadline - self._clock.monotonic()
        wait_s = min(self._route.timeouts.connect_s, left_s) if others else left_s
        first = self._asker.attempt(order[progress.at], turn, speak, wait_s=wait_s)
        if not self._route.hedge_after_s or not others:
            return await first, None

        async def second() -> Answered[_T] | Failure:
            try:
                return await self._asker.attempt(order[others[0]], turn, speak, wait_s=left_s)
            except LoopwrightError as error:
                return Failure(cause="busy", error=error)

        made, hedged = await first_to_answer(first, second, after_s=self._route.hedge_after_s)
        return made, others[0] if hedged else None

    def _order(self, operation: Operation, sticky: str) -> tuple[Upstream, ...]:
        able = self._able.get(operation)
        if able is None:
            takes = [one for one in self._route.upstreams if self._providers(one.api).takes(operation)]
            able = self._able[operation] = tuple(takes)
        if not able:
            raise UpstreamRefusedError(f"no upstream of this route takes calls of the kind {operation!r}")
        if len(able) == 1:
            return able
        return by_key(able, sticky) if sticky else by_lot(able, self._rng.random())

    def _rested(self, order: Sequence[Upstream], usable: Sequence[int]) -> int:
        now = self._clock.monotonic()
        return next((number for number in usable if not self._circuits.of(order[number]).resting(now)), usable[0])

    def _usable(self, order: Sequence[Upstream]) -> list[int]:
        now = self._clock.monotonic()
        return [number for number, upstream in enumerate(order) if self._circuits.of(upstream).allowed(now)]
