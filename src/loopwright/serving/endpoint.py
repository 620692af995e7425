"""An endpoint: batches what is asked, lets the right arm answer, and logs before it answers.

The champion runs on the event loop. A canary is asked over its socket; where it crashes, hangs, errs or answers
nonsense, the champion answers those same requests.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loopwright.core.clock import Clock, Micros
from loopwright.errors import (
    ArmFailedError,
    DeadlineError,
    LoopwrightError,
    NotFoundError,
    NotReadyError,
    RequestRefusedError,
    StoreError,
)
from loopwright.observations.request_log import RequestRow
from loopwright.serving.arms import ArmSet, CanaryArm, ChampionArm
from loopwright.serving.batching import Batcher
from loopwright.serving.call import Answered, Call
from loopwright.serving.door import Row
from loopwright.serving.health import Trip
from loopwright.serving.intake import Prepared
from loopwright.serving.observer import ArmLabel, Observer, RequestSink
from loopwright.serving.outputs import checked_outputs, rows_of

OnTrip = Callable[[ArmSet, CanaryArm, Trip], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a version on probation may take, in seconds, and how many requests one batch may hold."""

    probation_timeout_s: float = 0.5
    batch: int = 256


class _Pending:
    """A call under way, on the event loop only.

    `at` is the workspace's time of its receipt, `rows` are its records as the champion's door passed them.
    """

    __slots__ = ("at", "call", "future", "rows")

    def __init__(self, call: Call, future: asyncio.Future[Answered]) -> None:
        self.call = call
        self.future = future
        self.at: Micros = 0
        self.rows: list[Row] = []

    def refuse(self, error: LoopwrightError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """Which arm answered, what it was given, and what it said."""

    arms: ArmSet
    arm: ChampionArm | CanaryArm
    prepared: Prepared
    outputs: dict[str, np.ndarray]
    fallback_from: str | None = None


class Endpoint:
    """One name that is asked for predictions. Lives on one event loop.

    Args:
        name: The endpoint's name.
        clock: Times deadlines and latencies.
        sink: The request log.
        observer: Counts what happens.
        on_trip: Told when a breaker stops an arm; must not raise or wait.
        limits: Probation deadline, batch size.
    """

    def __init__(
        self, name: str, *, clock: Clock, sink: RequestSink, observer: Observer, on_trip: OnTrip, limits: Limits
    ) -> None:
        self.name = name
        self._clock = clock
        self._sink = sink
        self._observer = observer
        self._on_trip = on_trip
        self._limits = limits
        self._arms: ArmSet | None = None
        self._batcher: Batcher[_Pending] = Batcher(self._run, most=limits.batch)
        self._probing: set[asyncio.Task[None]] = set()

    @property
    def arms(self) -> ArmSet | None:
        """The arms that answer now; None until the first champion is loaded."""
        return self._arms

    def switch(self, arms: ArmSet) -> None:
        """From the next batch on, these arms answer."""
        self._arms = arms

    async def answer(self, call: Call) -> Answered:
        """Answer a call, with others that came at the same moment.

        Raises:
            RequestRefusedError: A record breaks the contract of the champion.
            NotReadyError, NotFoundError, DeadlineError, ArmFailedError, StoreError: As they say.
        """
        pending = _Pending(call, asyncio.get_running_loop().create_future())
        self._batcher.add(pending)
        return await pending.future

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        while self._probing or len(self._batcher):
            await asyncio.sleep(0.01)

    def _run(self, batch: list[_Pending]) -> None:
        arms = self._arms
        if arms is None:
            for pending in batch:
                pending.refuse(NotReadyError(f"endpoint {self.name!r} has no version loaded yet"))
            return
        now = self._clock.now()
        champion: list[_Pending] = []
        canaries: dict[str, tuple[CanaryArm, list[_Pending]]] = {}
        for pending in batch:
            pending.at = now if pending.call.received_at is None else pending.call.received_at
            try:
                self._admit(arms, pending)
                canary = self._routed(arms, pending)
            except LoopwrightError as error:
                self._refused(arms, pending, error)
                continue
            if canary is None:
                champion.append(pending)
            else:
                canaries.setdefault(canary.spec.name, (canary, []))[1].append(pending)
        for canary, asked in canaries.values():
            task = asyncio.get_running_loop().create_task(self._ask_canary(arms, canary, asked))
            self._probing.add(task)
            task.add_done_callback(self._probing.discard)
        if champion:
            self._ask_champion(arms, champion)

    def _admit(self, arms: ArmSet, pending: _Pending) -> None:
        if self._clock.monotonic() > pending.call.deadline:
            raise DeadlineError("the request waited longer than its deadline", why="the server is busy")
        check = arms.champion.intake.door.check
        for index, record in enumerate(pending.call.records):
            try:
                pending.rows.append(check(record))
            except RequestRefusedError as error:
                if len(pending.call.records) > 1:
                    error.context["record"] = index
                raise

    def _routed(self, arms: ArmSet, pending: _Pending) -> CanaryArm | None:
        call = pending.call
        if call.pinned is not None:
            arm = arms.by_version(call.pinned)
            if arm is None:
                raise NotFoundError(f"version {call.pinned[:64]!r} of {self.name!r} does not answer now")
            return arm if isinstance(arm, CanaryArm) else None
        key = arms.champion.intake.door.key(pending.rows[0]) if pending.rows else None
        return arms.choose(key or call.id)

    def _ask_champion(self, arms: ArmSet, asked: list[_Pending], fallback_from: str | None = None) -> None:
        """Let the champion answer; a batch that fails is asked one by one, so that no call can fail another."""
        champion = arms.champion
        try:
            prepared = self._prepare(champion, asked, [row for pending in asked for row in pending.rows])
            outputs = champion.model.scores(champion.intake.columns(prepared))
            outcome = _Outcome(arms=arms, arm=champion, prepared=prepared, outputs=outputs, fallback_from=fallback_from)
            self._finish(outcome, asked)
        except Exception as error:  # noqa: BLE001 - boundary: the model's own code; the error goes to the caller
            if len(asked) > 1:
                for pending in asked:
                    self._ask_champion(arms, [pending], fallback_from)
            else:
                self._refused(arms, asked[0], _as_failure(error), arm=champion.spec.name)

    def _prepare(self, arm: ChampionArm | CanaryArm, asked: Sequence[_Pending], rows: list[Row]) -> Prepared:
        before = self._clock.monotonic()
        prepared = arm.intake.prepare(rows, [pending.at for pending in asked for _ in pending.rows])
        self._observer.features_read(self.name, self._clock.monotonic() - before)
        self._observer.batched(self.name, len(rows))
        return prepared

    async def _ask_canary(self, arms: ArmSet, canary: CanaryArm, asked: list[_Pending]) -> None:
        name = canary.spec.name
        try:
            rows = self._rows_for(arms, canary, asked)
            prepared = self._prepare(canary, asked, rows)
            raw = await canary.client.scores(canary.intake.columns(prepared), self._limits.probation_timeout_s)
            outputs = checked_outputs(canary.intake.door.signature, len(rows), raw)
            self._finish(_Outcome(arms=arms, arm=canary, prepared=prepared, outputs=outputs), asked)
        except StoreError as error:
            for pending in asked:
                self._refused(arms, pending, error, arm=name)
        except Exception as error:  # noqa: BLE001 - boundary: the version on probation; counted, the champion answers
            failure = _as_failure(error)
            cause = str(failure.context.get("cause", "error"))
            for pending in asked:
                self._observer.failed(canary.label, pending.at, cause)
            self.note_failure(arms, canary, cause=cause, why=f"{failure.what}: {failure.why}")
            still = [pending for pending in asked if not pending.future.done()]
            free = [pending for pending in still if pending.call.pinned is None]
            for pending in still:
                if pending.call.pinned is not None:
                    self._refused(arms, pending, failure, arm=name)
            if free:
                self._ask_champion(arms, free, fallback_from=name)
        else:
            canary.health.succeeded()

    def note_failure(self, arms: ArmSet, canary: CanaryArm, *, cause: str, why: str) -> None:
        """Count a failure of a canary; tells `on_trip` where it stops the arm."""
        if canary.client.state == "closed":
            return
        trip = canary.health.failed(cause, why)
        if trip is not None:
            self._on_trip(arms, canary, trip)

    def stop_canary(self, arms: ArmSet, canary: CanaryArm, *, cause: str, why: str) -> None:
        """Stop a canary for what happened outside any request: its child never came up, or went away."""
        if canary.health.tripped is None:
            trip = Trip(cause=cause, why=why)
            canary.health.stop(trip)
            self._on_trip(arms, canary, trip)

    def _rows_for(self, arms: ArmSet, canary: CanaryArm, asked: Sequence[_Pending]) -> list[Row]:
        if canary.intake.door.signature.request == arms.champion.intake.door.signature.request:
            return [row for pending in asked for row in pending.rows]
        return [canary.intake.door.check(record) for pending in asked for record in pending.call.records]

    def _finish(self, outcome: _Outcome, asked: Sequence[_Pending]) -> None:
        """Log the answers, then give them."""
        made = rows_of(outcome.arm.intake.door.signature, outcome.outputs)
        now = self._clock.monotonic()
        answers: list[Answered] = []
        log: list[RequestRow] = []
        start = 0
        for pending in asked:
            end = start + len(pending.rows)
            answers.append(self._answered(outcome, pending, made[start:end]))
            log.extend(self._log_rows(outcome, pending, made[start:end], start=start, now=now))
            start = end
        self._sink.append(log)
        label = outcome.arm.label
        for pending, answered in zip(asked, answers, strict=True):
            self._observer.answered(label, pending.at, [now - pending.call.started])
            if not pending.future.done():
                pending.future.set_result(answered)

    def _answered(self, outcome: _Outcome, pending: _Pending, outputs: list[dict[str, Any]]) -> Answered:
        return Answered(
            call=pending.call,
            endpoint=self.name,
            version=outcome.arm.spec.version,
            arm=outcome.arm.spec.name,
            release=outcome.arms.spec.release,
            fallback_from=outcome.fallback_from,
            outputs=outputs,
            flags=[row.flags for row in pending.rows],
        )

    def _log_rows(
        self, outcome: _Outcome, pending: _Pending, outputs: list[dict[str, Any]], *, start: int, now: float
    ) -> list[RequestRow]:
        call, spec, door = pending.call, outcome.arm.spec, outcome.arm.intake.door
        latency_us = int((now - call.started) * 1e6)
        return [
            RequestRow(
                request_id=call.record_id(index), at=pending.at,
                event_time=outcome.prepared.event_times[start + index], endpoint=self.name,
                release=outcome.arms.spec.release, arm=spec.name, version=spec.version,
                key=door.key(row), inputs=row.logged, features=outcome.prepared.joined[start + index],
                output=output, score=output.get("score"), latency_us=latency_us,
                fallback_from=outcome.fallback_from, flags=row.flags,
            )
            for index, (row, output) in enumerate(zip(pending.rows, outputs, strict=True))
        ]  # fmt: skip

    def _refused(self, arms: ArmSet, pending: _Pending, error: LoopwrightError, *, arm: str = "") -> None:
        """Count and log a request that gets no prediction; its content stays out of the log."""
        call = pending.call
        version = arms.champion.spec.version
        label = ArmLabel(endpoint=self.name, release=arms.spec.release, arm=arm, version=version)
        self._observer.failed(label, pending.at, error.code)
        latency_us = int((self._clock.monotonic() - call.started) * 1e6)
        row = RequestRow(
            request_id=call.id, at=pending.at, event_time=pending.at, endpoint=self.name, release=arms.spec.release,
            arm=arm or None, version=version, inputs={}, latency_us=latency_us, status=error.http_status,
            error=error.code,
        )  # fmt: skip
        try:
            self._sink.append([row])
        except LoopwrightError as lost:
            pending.refuse(lost)
        else:
            pending.refuse(error)


def _as_failure(error: Exception) -> LoopwrightError:
    if isinstance(error, LoopwrightError):
        return error
    return ArmFailedError("the version raised", why=f"{type(error).__name__}: {error}"[:500], cause="error")
