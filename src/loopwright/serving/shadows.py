"""Shadows: versions that are given copies of requests once these have been answered, and that nobody waits for."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from loopwright.core.clock import Clock
from loopwright.errors import LoopwrightError, RequestRefusedError, StoreError
from loopwright.observations.request_log import RequestRow
from loopwright.serving.arms import ArmSet, CanaryArm
from loopwright.serving.door import Row
from loopwright.serving.failure import OnTrip, as_failure, cause_of, count_failure
from loopwright.serving.observer import Observer, RequestSink
from loopwright.serving.outcome import Outcome
from loopwright.serving.outputs import outputs_of
from loopwright.serving.pending import Pending

MOST_WAITING = 1024
_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowTools:
    """What shadows work with.

    Attributes:
        clock: Times their answers.
        sink: The request log.
        observer: Counts what happens.
        on_trip: Told when a breaker stops a shadow.
        timeout_s: Seconds that a shadow may take for a batch.
    """

    clock: Clock
    sink: RequestSink
    observer: Observer
    on_trip: OnTrip
    timeout_s: float


class _Feed:
    """What waits for one shadow."""

    def __init__(self, arms: ArmSet, shadow: CanaryArm) -> None:
        self.arms = arms
        self.shadow = shadow
        self.waiting: deque[Pending] = deque()
        self.task: asyncio.Task[None] | None = None


class Shadows:
    """Feeds the shadows of one endpoint. Lives on one event loop.

    A copy waits in a queue with an end: where a shadow is behind or gone, copies are dropped and counted. A shadow's
    row in the request log names the request in `shadow_of`, and its latency is the shadow's own, from the moment that
    it is asked.
    """

    def __init__(self, tools: ShadowTools, *, most_waiting: int = MOST_WAITING) -> None:
        self._tools = tools
        self._most_waiting = most_waiting
        self._feeds: dict[str, _Feed] = {}

    @property
    def idle(self) -> bool:
        """Whether no copy is under way."""
        return all(feed.task is None for feed in self._feeds.values())

    def copy(self, arms: ArmSet, answered: Sequence[Pending]) -> None:
        """Give the shadows their copies of requests that have been answered. Never waits."""
        for pending in answered:
            for shadow in arms.mirrored(pending):
                feed = self._feed(arms, shadow)
                if shadow.answers and len(feed.waiting) < self._most_waiting:
                    feed.waiting.append(pending)
                else:
                    self._tools.observer.shadow_dropped(shadow.label, 1)
        for feed in self._feeds.values():
            if feed.waiting and feed.task is None:
                feed.task = asyncio.get_running_loop().create_task(self._run(feed))

    def _feed(self, arms: ArmSet, shadow: CanaryArm) -> _Feed:
        name = shadow.spec.name
        feed = self._feeds.get(name)
        if feed is None or feed.shadow.client is not shadow.client:
            feed = self._feeds[name] = _Feed(arms, shadow)
        feed.arms, feed.shadow = arms, shadow
        return feed

    async def _run(self, feed: _Feed) -> None:
        try:
            while feed.waiting:
                asked = [feed.waiting.popleft() for _ in range(min(len(feed.waiting), _BATCH))]
                await self._ask(feed.arms, feed.shadow, asked)
        finally:
            feed.task = None

    async def _ask(self, arms: ArmSet, shadow: CanaryArm, asked: Sequence[Pending]) -> None:
        tools = self._tools
        taken = [(pending, rows) for pending in asked if (rows := self._rows(arms, shadow, pending))]
        if not taken:
            return
        flat = [row for _, rows in taken for row in rows]
        began = tools.clock.monotonic()
        try:
            prepared = shadow.intake.prepare(flat, [pending.at for pending, rows in taken for _ in rows])
            checked = await shadow.ask(prepared, tools.timeout_s)
            outputs = outputs_of(shadow.intake.door.signature, checked)
            outcome = Outcome(label=shadow.label, door=shadow.intake.door, prepared=prepared, outputs=outputs)
            seconds = tools.clock.monotonic() - began
            tools.sink.append(_copies(outcome, [pending for pending, _ in taken], seconds))
        except StoreError:
            tools.observer.shadow_dropped(shadow.label, len(taken))
        except Exception as error:  # noqa: BLE001 - boundary: the version in the shadow; counted, nobody waits for it
            self._failed(arms, shadow, [pending for pending, _ in taken], error=as_failure(error))
        else:
            shadow.health.succeeded()
            for pending, _ in taken:
                tools.observer.answered(shadow.label, pending.at, [seconds])

    def _rows(self, arms: ArmSet, shadow: CanaryArm, pending: Pending) -> list[Row]:
        """The request's records as the shadow's door passes them; none where it refuses one, which is its failure."""
        try:
            return shadow.rows_for(arms.champion, [pending])
        except RequestRefusedError as error:
            self._failed(arms, shadow, [pending], error=error)
            return []

    def _failed(self, arms: ArmSet, shadow: CanaryArm, asked: Sequence[Pending], *, error: LoopwrightError) -> None:
        tools, label = self._tools, shadow.label
        for pending in asked:
            tools.observer.failed(label, pending.at, cause_of(error))
        rows = [
            RequestRow(
                request_id=_copy_id(pending.id, label.arm), at=pending.at, event_time=pending.at,
                endpoint=label.endpoint, release=label.release, arm=label.arm, version=label.version, inputs={},
                status=error.http_status, error=error.code, shadow_of=pending.id,
            )
            for pending in asked
        ]  # fmt: skip
        try:
            tools.sink.append(rows)
        except StoreError:
            tools.observer.shadow_dropped(label, len(rows))
        count_failure(arms, shadow, error, on_trip=tools.on_trip)


def _copies(outcome: Outcome, asked: Sequence[Pending], seconds: float) -> list[RequestRow]:
    latency_us = int(seconds * 1e6)
    return [
        msgspec.structs.replace(
            row, request_id=_copy_id(row.request_id, outcome.label.arm), shadow_of=row.request_id, latency_us=latency_us
        )
        for row in outcome.log_rows(asked, 0.0)
    ]


def _copy_id(id: str, arm: str) -> str:
    return f"{id}~{arm}"
