"""Versions that answer in this process: the champion, the version before it where that fails, then the default answer.

Each model has a lane of its own, so that one that hangs holds up nobody else.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from loopwright.core.clock import Clock
from loopwright.errors import DeadlineError, LoopwrightError, NotExplainableError
from loopwright.serving.arms import DEFAULT, ArmSet, ChampionArm
from loopwright.serving.failure import as_failure, cause_of
from loopwright.serving.intake import Prepared
from loopwright.serving.lane import Lane
from loopwright.serving.model import Model
from loopwright.serving.observer import ArmLabel, Observer
from loopwright.serving.outcome import Outcome
from loopwright.serving.outputs import Probabilities, Score, outputs_of
from loopwright.serving.pending import Pending

_TICK_S = 0.02
_STAND_IN_S = 1.0  # what a request that was given up at its deadline may still take elsewhere


class _Batch:
    """Requests that one version answers together.

    Attributes:
        arms, arm: The arms at that moment, and the one of them that is asked.
        asked: The requests.
        failed: The arm that should have answered them and failed.
        alone: Whether it stays as it is: others are not put to it.
        told: What each record's features contributed, where that is asked; None: it is not.
        lost: Ids of the requests that have been given up while it ran; somebody else answers them.
    """

    __slots__ = ("alone", "arm", "arms", "asked", "failed", "lost", "told")

    def __init__(
        self,
        *,
        arms: ArmSet,
        arm: ChampionArm,
        asked: list[Pending],
        failed: str | None = None,
        alone: bool = False,
        told: list[dict[str, Any]] | None = None,
    ) -> None:
        self.arms = arms
        self.arm = arm
        self.asked = asked
        self.failed = failed
        self.alone = alone
        self.told = told
        self.lost: set[int] = set()

    @property
    def records(self) -> int:
        return sum(len(pending.rows) for pending in self.asked)

    def takes(self, other: "_Batch", most: int) -> bool:
        """Whether another one's requests may join."""
        same = other.arms is self.arms and other.arm is self.arm and other.failed == self.failed
        return same and not self.alone and not other.alone and self.records + other.records <= most


class Finish(Protocol):
    """Logs answers, then gives them."""

    def __call__(self, arms: ArmSet, outcome: Outcome, asked: Sequence[Pending], *, lost: Collection[int] = ()) -> None:
        """`lost` holds the `id()` of requests that somebody else answers."""


class Refuse(Protocol):
    """Gives a request an error, in the name of an arm."""

    def __call__(self, arms: ArmSet, pending: Pending, error: LoopwrightError, *, arm: str = "") -> None:
        """`arm` is empty where it met none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where answers of versions go. `prepare` reads the features of requests for a version, or raises StoreError."""

    prepare: Callable[[ChampionArm, Sequence[Pending]], Prepared]
    finish: Finish
    refuse: Refuse


class Champions:
    """Asks versions in this process. Lives on one event loop."""

    def __init__(self, desk: Desk, *, clock: Clock, observer: Observer, most: int) -> None:
        self._desk = desk
        self._clock = clock
        self._observer = observer
        self._most = most
        self._lanes: dict[Model, Lane[_Batch]] = {}
        self._running: dict[Model, _Batch] = {}
        self._ticking = False
        self._kept: set[Model] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return not any(lane.busy or lane.waiting for lane in self._lanes.values())

    def waiting(self) -> int:
        """Requests that wait for a model whose thread is busy."""
        return sum(len(batch.asked) for lane in self._lanes.values() for batch in lane.waiting) if self._running else 0

    def stuck_s(self) -> float:
        """Seconds since the oldest batch that is in a thread now began."""
        return max((lane.running_s() for lane in self._lanes.values()), default=0.0)

    def keep(self, arms: ArmSet) -> None:
        """Let go of lanes, and so of models, that are no longer among the arms, once they have nothing to do."""
        self._kept = {arm.model for arm in (arms.champion, arms.previous) if arm is not None}
        for model in list(self._lanes):
            self._let_go(model)

    def _let_go(self, model: Model) -> None:
        lane = self._lanes.get(model)
        if lane is not None and model not in self._kept and not lane.busy and not lane.waiting:
            lane.close()
            del self._lanes[model]

    def ask(self, arms: ArmSet, asked: list[Pending], *, failed: str | None = None) -> None:
        """Let the champion answer requests, or whoever stands in for it."""
        failed = failed or arms.failed
        for pending in [pending for pending in asked if pending.explain]:
            asked = [other for other in asked if other is not pending]
            self._put(_Batch(arms=arms, arm=arms.champion, asked=[pending], failed=failed, alone=True, told=[]))
        if not asked:
            return
        batch = _Batch(arms=arms, arm=arms.champion, asked=asked, failed=failed)
        hung = self._running.get(arms.champion.model)
        if hung is not None and hung.lost and arms.can_fall_back:
            self._stand_in(batch, _too_slow())
        else:
            self._put(batch)

    def _put(self, batch: _Batch) -> None:
        lane = self._lane(batch.arm)
        if not lane.busy and not lane.waiting:
            self._start(lane, batch)
        elif lane.waiting and lane.waiting[-1].takes(batch, self._most):
            lane.waiting[-1].asked.extend(batch.asked)
        else:
            lane.waiting.append(batch)

    def _lane(self, arm: ChampionArm) -> Lane[_Batch]:
        lane = self._lanes.get(arm.model)
        if lane is None:
            lane = self._lanes[arm.model] = Lane(self._clock, inline=arm.model.of_matrix is not None)
        return lane

    def _start(self, lane: Lane[_Batch], batch: _Batch) -> None:
        """Ask the model of a lane that is not busy."""
        try:
            prepared = self._desk.prepare(batch.arm, batch.asked)
            question = batch.arm.question(prepared)
            if batch.told is not None:
                question = batch.arm.explaining(prepared, question, batch.told)
        except Exception as error:  # noqa: BLE001 - boundary: the feature store; the error goes to the callers
            for pending in batch.asked:
                self._desk.refuse(batch.arms, pending, as_failure(error), arm=batch.arm.spec.name)
            self._next(lane)
            return

        def done(found: dict[str, np.ndarray] | Exception) -> None:
            self._running.pop(batch.arm.model, None)
            self._found(batch, prepared, found)
            self._next(lane)
            self._let_go(batch.arm.model)

        lane.run(len(prepared.rows), question, done, aside=batch.told is not None)
        if lane.busy:
            self._running[batch.arm.model] = batch
            self._tick_soon()

    def _next(self, lane: Lane[_Batch]) -> None:
        if lane.waiting:
            asyncio.get_running_loop().call_soon(self._continue, lane)

    def _continue(self, lane: Lane[_Batch]) -> None:
        if lane.waiting and not lane.busy:
            self._start(lane, lane.waiting.popleft())

    def _found(self, batch: _Batch, prepared: Prepared, found: dict[str, np.ndarray] | Exception) -> None:
        if isinstance(found, Exception):
            self._failed(batch, found)
            return
        arm = batch.arm
        outputs = outputs_of(arm.intake.door.signature, found)
        outcome = Outcome(
            label=arm.label, door=arm.intake.door, prepared=prepared, outputs=outputs, fallback_from=batch.failed,
            explanations=batch.told,
        )  # fmt: skip
        self._desk.finish(batch.arms, outcome, batch.asked, lost=batch.lost)

    def _failed(self, batch: _Batch, error: Exception) -> None:
        """A batch that fails is asked again one by one, so that no call can fail another."""
        still = [pending for pending in batch.asked if id(pending) not in batch.lost]
        if len(still) > 1:
            for pending in still:
                self._put(_Batch(arms=batch.arms, arm=batch.arm, asked=[pending], failed=batch.failed, alone=True))
        elif still and isinstance(error, NotExplainableError):
            self._desk.refuse(batch.arms, still[0], error, arm="")
        elif still:
            batch.asked = still
            self._stand_in(batch, as_failure(error))

    def _stand_in(self, batch: _Batch, error: LoopwrightError) -> None:
        """A version failed requests: the version before it answers them, then the default, else nobody."""
        arms, arm = batch.arms, batch.arm
        following = arms.previous if arm is arms.champion else None
        nobody = following is None and arms.spec.default is None
        free = [] if nobody else [pending for pending in batch.asked if pending.pinned is None]
        for pending in batch.asked:
            if nobody or pending.pinned is not None:
                self._desk.refuse(arms, pending, error, arm=arm.spec.name)
        if not free:
            return
        until = self._clock.monotonic() + _STAND_IN_S
        for pending in free:
            self._observer.failed(arm.label, pending.at, cause_of(error))
            pending.deadline = max(pending.deadline, until)
        failed = batch.failed or arm.spec.name
        if following is not None:
            self._put(_Batch(arms=arms, arm=following, asked=free, failed=failed))
        else:
            self._give_default(arms, free, failed)

    def _give_default(self, arms: ArmSet, asked: list[Pending], failed: str) -> None:
        champion = arms.champion
        rows = [row for pending in asked for row in pending.rows]
        times = [pending.at for pending in asked for _ in pending.rows]
        prepared = Prepared(rows=rows, joined=[{}] * len(rows), event_times=times)
        label = ArmLabel(
            endpoint=arms.spec.endpoint, release=arms.spec.release, arm=DEFAULT, version=champion.spec.version
        )
        output = default_output(arms.spec.default or {})
        outcome = Outcome(
            label=label, door=champion.intake.door, prepared=prepared, outputs=[output] * len(rows),
            fallback_from=failed,
        )  # fmt: skip
        self._desk.finish(arms, outcome, asked)

    def _tick_soon(self) -> None:
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def _tick(self) -> None:
        """Give up what is over its deadline, in the thread or waiting for it."""
        self._ticking = False
        now = self._clock.monotonic()
        for model, batch in list(self._running.items()):
            late = [p for p in batch.asked if p.deadline < now and id(p) not in batch.lost]
            if late:
                batch.lost.update(id(pending) for pending in late)
                self._stand_in(_Batch(arms=batch.arms, arm=batch.arm, asked=late, failed=batch.failed), _too_slow())
            self._give_up_waiting(self._lanes[model], now, hung=bool(batch.lost))
        if self._running:
            self._tick_soon()

    def _give_up_waiting(self, lane: Lane[_Batch], now: float, *, hung: bool) -> None:
        waiting = list(lane.waiting)
        lane.waiting.clear()
        for batch in waiting:
            leave = hung and batch.arm is batch.arms.champion and batch.arms.can_fall_back
            gone = [p for p in batch.asked if leave or p.deadline < now]
            batch.asked = [p for p in batch.asked if not (leave or p.deadline < now)]
            if batch.asked:
                lane.waiting.append(batch)
            if gone and hung:
                self._stand_in(_Batch(arms=batch.arms, arm=batch.arm, asked=gone, failed=batch.failed), _too_slow())
                continue
            for pending in gone:
                why = "the requests before it took the time"
                error = DeadlineError("the request waited longer than its deadline", why=why)
                self._desk.refuse(batch.arms, pending, error, arm="")


def default_output(said: dict[str, Any]) -> Score | Probabilities:
    """A declared default answer as a model's answer is given."""
    if "probabilities" in said:
        return Probabilities(said.get("prediction"), list(said["probabilities"]))
    return Score(said.get("prediction"), said.get("score"))


def _too_slow() -> DeadlineError:
    return DeadlineError("the model did not answer in time", why="a batch takes longer than it may", cause="timeout")
