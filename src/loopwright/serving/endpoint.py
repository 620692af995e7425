"""An endpoint: batches what is asked, lets the right arm answer, and logs before it answers.

The champion answers in this process. A canary is asked over its socket; where it crashes, hangs, errs or answers
nonsense, the champion answers those same requests. Where the champion itself fails, the version before it does.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from loopwright.core.clock import SECOND, Clock
from loopwright.errors import (
    DeadlineError,
    LoopwrightError,
    NotExplainableError,
    NotFoundError,
    NotReadyError,
    OverloadedError,
    StoreError,
)
from loopwright.observations.request_log import RequestRow
from loopwright.serving.arms import ArmSet, CanaryArm, ChampionArm
from loopwright.serving.batching import Batcher
from loopwright.serving.call import Answered, Call
from loopwright.serving.champions import Champions, Desk
from loopwright.serving.failure import OnTrip, as_failure, cause_of, count_failure
from loopwright.serving.health import Trip
from loopwright.serving.intake import Prepared
from loopwright.serving.observer import ArmLabel, Observer, RequestSink, Traffic
from loopwright.serving.outcome import Outcome
from loopwright.serving.outputs import outputs_of
from loopwright.serving.pending import Pending, PendingCall
from loopwright.serving.shadows import Shadows, ShadowTools
from loopwright.serving.tracing import Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an endpoint takes.

    Attributes:
        probation_timeout_s: Seconds that a version on probation may take.
        batch: Records that one batch may hold.
        queued: Requests that may wait for a model, above which further ones are refused.
    """

    probation_timeout_s: float = 0.5
    batch: int = 256
    queued: int = 512


class Endpoint:
    """One name that is asked for predictions. Lives on one event loop.

    Args:
        name: The endpoint's name.
        clock: Times deadlines and latencies.
        sink: The request log.
        observer: Counts what happens.
        on_trip: Told when a breaker stops an arm; must not raise or wait.
        limits: Probation deadline, batch size, queue.
        tracer: Makes spans of requests; None: nobody does.

    Attributes:
        clock: The same.
        desk: Where answers go, whoever gives them.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        sink: RequestSink,
        observer: Observer,
        on_trip: OnTrip,
        limits: Limits,
        tracer: Tracer | None = None,
    ) -> None:
        self.name = name
        self.traffic = Traffic()
        self._tracer = tracer
        self.clock = self._clock = clock
        self._sink = sink
        self._observer = observer
        self._on_trip = on_trip
        self._limits = limits
        self._arms: ArmSet | None = None
        self._batcher: Batcher[Pending] = Batcher(self._run, most=limits.batch)
        self._probing: set[asyncio.Task[None]] = set()
        self.desk = Desk(prepare=self._prepare, finish=self._finish, refuse=self._refused)
        self._champions = Champions(self.desk, clock=clock, observer=observer, most=limits.batch)
        self._shadows = Shadows(
            ShadowTools(
                clock=clock, sink=sink, observer=observer, on_trip=on_trip, timeout_s=limits.probation_timeout_s
            )
        )

    @property
    def arms(self) -> ArmSet | None:
        """The arms that answer now; None until the first champion is loaded."""
        return self._arms

    def switch(self, arms: ArmSet) -> None:
        """From the next batch on, these arms answer."""
        self._arms = arms
        self._champions.keep(arms)

    def stuck_s(self) -> float:
        """Seconds since the batch that a model's thread is at began; 0 while there is none."""
        return self._champions.stuck_s()

    def submit(self, pending: Pending) -> None:
        """Take a request in; it is given its answer or refused later, with others that came at the same moment.

        Raises:
            OverloadedError: As many as may wait do already.
        """
        if len(self._batcher) + self._champions.waiting() >= self._limits.queued:
            self._observer.failed(self._no_arm(), self._clock.now(), OverloadedError.code)
            raise OverloadedError(
                f"too many requests wait for {self.name!r}", why=f"the limit is {self._limits.queued}"
            )
        self._batcher.add(pending)

    async def answer(self, call: Call) -> Answered:
        """Answer a call.

        Raises:
            RequestRefusedError: A record breaks the contract of the champion.
            NotReadyError, NotFoundError, DeadlineError, OverloadedError, ArmFailedError, StoreError: As they say.
        """
        pending = PendingCall(call, asyncio.get_running_loop().create_future())
        self.submit(pending)
        return await pending.future

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        while self._probing or len(self._batcher) or not self._champions.idle or not self._shadows.idle:
            await asyncio.sleep(0.01)

    def note_failure(self, arms: ArmSet, canary: CanaryArm, error: LoopwrightError) -> None:
        """Count a failure of a canary; tells `on_trip` where it stops the arm."""
        count_failure(arms, canary, error, on_trip=self._on_trip)

    def stop_canary(self, arms: ArmSet, canary: CanaryArm, *, cause: str, why: str) -> None:
        """Stop a canary for what happened outside any request: its child never came up, or went away."""
        if canary.health.tripped is None:
            trip = Trip(cause=cause, why=why)
            canary.health.stop(trip)
            self._on_trip(arms, canary, trip)

    def _run(self, batch: list[Pending]) -> None:
        arms = self._arms
        if arms is None:
            for pending in batch:
                pending.refuse(NotReadyError(f"endpoint {self.name!r} has no version loaded yet"))
            return
        now, moment = self._clock.now(), self._clock.monotonic()
        self._observer.queued(self.name, [moment - pending.started for pending in batch])
        plain: list[Pending] = []
        routed: list[Pending] = []
        door, routes = arms.champion.intake.door, bool(arms.canaries)
        for pending in batch:
            pending.at = now if pending.received_at is None else pending.received_at
            try:
                if moment > pending.deadline:
                    raise DeadlineError("the request waited longer than its deadline", why="the server is busy")
                pending.rows = pending.check(door)
            except LoopwrightError as error:
                self._refused(arms, pending, error)
            else:
                (routed if routes or pending.pinned is not None else plain).append(pending)
        if routed:
            plain += self._route(arms, routed)
        for answering, asked in arms.taking_part(plain) if plain else ():
            self._champions.ask(answering, asked)

    def _route(self, arms: ArmSet, asked: Sequence[Pending]) -> list[Pending]:
        """Hand requests to the canaries that they belong to; returns those that are the champion's."""
        champions: list[Pending] = []
        groups: dict[str, tuple[CanaryArm, list[Pending]]] = {}
        for pending in asked:
            try:
                canary = self._arm_of(arms, pending)
            except LoopwrightError as error:
                self._refused(arms, pending, error)
                continue
            if canary is None:
                champions.append(pending)
            else:
                group = f"{canary.spec.name} explains {pending.id}" if pending.explain else canary.spec.name
                groups.setdefault(group, (canary, []))[1].append(pending)
        for canary, theirs in groups.values():
            task = asyncio.get_running_loop().create_task(self._ask_canary(arms, canary, theirs))
            self._probing.add(task)
            task.add_done_callback(self._probing.discard)
        return champions

    def _arm_of(self, arms: ArmSet, pending: Pending) -> CanaryArm | None:
        if pending.pinned is None:
            return arms.choose(pending)
        arm = arms.by_version(pending.pinned)
        if arm is None:
            raise NotFoundError(f"version {pending.pinned[:64]!r} of {self.name!r} does not answer now")
        return arm if isinstance(arm, CanaryArm) else None

    def _prepare(self, arm: ChampionArm | CanaryArm, asked: Sequence[Pending]) -> Prepared:
        if self._tracer is None:
            return self._given_features(arm, asked)
        began = self._clock.monotonic()
        prepared = self._given_features(arm, asked)
        self._tracer.prepared(prepared, began, self._clock.monotonic())
        return prepared

    def _given_features(self, arm: ChampionArm | CanaryArm, asked: Sequence[Pending]) -> Prepared:
        rows = [row for pending in asked for row in pending.rows]
        if isinstance(arm, CanaryArm) and self._arms is not None:
            rows = arm.rows_for(self._arms.champion, asked)
        times = [pending.at for pending in asked for _ in pending.rows]
        self._observer.batched(self.name, len(rows))
        if not arm.intake.joins:
            return arm.intake.prepare(rows, times)
        before = self._clock.monotonic()
        prepared = arm.intake.prepare(rows, times)
        self._observer.features_read(self.name, self._clock.monotonic() - before)
        return prepared

    async def _ask_canary(self, arms: ArmSet, canary: CanaryArm, asked: list[Pending]) -> None:
        try:
            prepared = self._prepare(canary, asked)
            checked = await canary.ask(prepared, self._limits.probation_timeout_s)
            door = canary.intake.door
            outputs = outputs_of(door.signature, checked)
            explained = await canary.explain(prepared, self._limits.probation_timeout_s) if asked[0].explain else None
        except (StoreError, NotExplainableError) as error:
            for pending in asked:
                self._refused(arms, pending, error, arm=canary.spec.name if isinstance(error, StoreError) else "")
        except Exception as error:  # noqa: BLE001 - boundary: the version on probation; counted, the champion answers
            self._canary_failed(arms, canary, asked, failure=as_failure(error))
        else:
            canary.health.succeeded()
            outcome = Outcome(label=canary.label, door=door, prepared=prepared, outputs=outputs, explanations=explained)
            self._finish(arms, outcome, asked)

    def _canary_failed(
        self, arms: ArmSet, canary: CanaryArm, asked: Sequence[Pending], *, failure: LoopwrightError
    ) -> None:
        name = canary.spec.name
        for pending in asked:
            if pending.pinned is None:
                self._observer.failed(canary.label, pending.at, cause_of(failure))
        self.note_failure(arms, canary, failure)
        for pending in asked:
            if pending.pinned is not None:
                self._refused(arms, pending, failure, arm=name)
        free = [pending for pending in asked if pending.pinned is None]
        if free:
            self._champions.ask(arms, free, failed=name)

    def _finish(self, arms: ArmSet, outcome: Outcome, asked: Sequence[Pending], *, lost: Collection[int] = ()) -> None:
        """Log the answers, then give them. Requests whose `id()` is in `lost` are somebody else's by now."""
        now = self._clock.monotonic()
        rows: Sequence[RequestRow] = outcome.log_rows(asked, now, lost)
        if self._tracer is not None:
            answered = [pending for pending in asked if not lost or id(pending) not in lost]
            rows = self._tracer.answered(outcome, answered, rows, now=now)
        try:
            self._sink.append(rows)
        except LoopwrightError as error:
            for pending in asked:
                if not lost or id(pending) not in lost:
                    self._observer.failed(outcome.label, pending.at, error.code)
                    pending.refuse(error)
            return
        given: list[Pending] = []
        start = 0
        for pending in asked:
            if not lost or id(pending) not in lost:
                pending.give(outcome, start)
                given.append(pending)
            start += len(pending.rows)
        self._observe(outcome.label, given, now)
        if arms.shadows and given:
            asyncio.get_running_loop().call_soon(self._shadows.copy, arms, given)

    def _observe(self, label: ArmLabel, given: Sequence[Pending], now: float) -> None:
        """Count answers, second by second of their receipt: a batch has one, unless a replay sets the clock."""
        seconds: dict[int, list[float]] = {}
        for pending in given:
            seconds.setdefault(pending.at // SECOND, []).append(now - pending.started)
        for second, latencies in seconds.items():
            self._observer.answered(label, second * SECOND, latencies)
        traffic = self.traffic
        if traffic.sent:
            self._observer.bytes_seen(self.name, traffic.received, traffic.sent)
            traffic.received = traffic.sent = 0

    def count_bytes(self, received: int, sent: int) -> None:
        """Count the bodies of one request and its answer; the hot path adds to `traffic` instead."""
        self._observer.bytes_seen(self.name, received, sent)

    def _no_arm(self) -> ArmLabel:
        arms = self._arms
        version = arms.champion.spec.version if arms else ""
        return ArmLabel(endpoint=self.name, release=arms.spec.release if arms else None, arm="", version=version)

    def _refused(self, arms: ArmSet, pending: Pending, error: LoopwrightError, *, arm: str = "") -> None:
        """Count and log a request that gets no prediction; its content stays out of the log."""
        version = arms.champion.spec.version
        label = ArmLabel(endpoint=self.name, release=arms.spec.release, arm=arm, version=version)
        self._observer.failed(label, pending.at, str(error.context.get("cause", error.code)))
        latency_us = int((self._clock.monotonic() - pending.started) * 1e6)
        row = RequestRow(
            request_id=pending.id, at=pending.at, event_time=pending.at, endpoint=self.name, release=arms.spec.release,
            arm=arm or None, version=version, inputs={}, latency_us=latency_us, status=error.http_status,
            error=error.code,
        )  # fmt: skip
        if self._tracer is not None:
            row = self._tracer.refused(label, pending, row, error=error)
        try:
            self._sink.append([row])
        except LoopwrightError as lost:
            pending.refuse(lost)
        else:
            pending.refuse(error)
