"""Retraining a loop: one look decides, starts, follows and concludes; nothing here waits for training."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from loopwright.app.loop_file import LoadedLoop
from loopwright.app.monitor.watch import Watch
from loopwright.app.releases.running import running_release
from loopwright.app.retraining.alone import TrainingLock, holder, take_lock
from loopwright.app.retraining.brakes import Brakes, Seen, brake, brakes_of, by_hand, spent_of
from loopwright.app.retraining.budget import Price, seconds_left
from loopwright.app.retraining.cause import Cause, Standing, View, standing
from loopwright.app.retraining.change_point import change_of
from loopwright.app.retraining.changed import changed_at
from loopwright.app.retraining.code_look import CodeLook
from loopwright.app.retraining.flight_log import (
    CONTROLLER,
    conclude,
    decide,
    note_progress,
    settle,
    suppress,
)
from loopwright.app.retraining.label_count import LabelCount
from loopwright.app.retraining.past import past_of
from loopwright.app.retraining.process import Flight, RetrainProcess
from loopwright.app.retraining.requests import Request, open_suggestions, outdate, suggest, waiting_requests
from loopwright.app.retraining.retrain import Retrain, in_flight
from loopwright.app.retraining.said import Errand, Said
from loopwright.app.retraining.triggers import OnCodeChange
from loopwright.app.retraining.window import SinceChangePoint, pinned
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.errors import ConflictError

Launch = Callable[[Errand, Path, int], Flight]
POLL_S = 0.05
_HAND = "manual"


def launch_process(errand: Errand, folder: Path, held: int) -> Flight:
    """Start a retrain in a child process that holds the training lock, too."""
    return RetrainProcess.start(errand, folder, held=held)


class Retrainer:
    """Retrains one loop. Used by one thread at a time; everything that counts is in the ledger.

    Args:
        workspace: The project's workspace.
        loaded: The loop. A retrain loads the loop file anew, as it is then.
        launch: Starts the process that trains.
        fresh: Whether the loop was loaded just now, as by a command, so that its code is what the files say.
    """

    def __init__(
        self, workspace: Workspace, loaded: LoadedLoop, *, launch: Launch = launch_process, fresh: bool = False
    ) -> None:
        self._workspace = workspace
        self._loaded = loaded
        self._loop = loaded.loop
        self._launch = launch
        self._labels = LabelCount(workspace, loaded.loop.name)
        self._code = CodeLook(workspace, loaded, waits=workspace.stores.replay, fresh=fresh)
        self._running: _Running | None = None

    def step(self, watch: Watch | None) -> str | None:
        """Follow what runs; where nothing does, start at most one retrain.

        Returns:
            `started`, or how the one that ran has ended, or None.
        """
        if self._running is not None:
            return self._follow(self._running)
        if in_flight(self._workspace, self._loop.name) is not None:
            return self._recover()
        settle(self._workspace, self._loop.name)
        champion = champion_of(self._workspace, self._loop.name)
        if champion is None:
            return None
        return self.answer_requests() or self._triggered(watch, champion)

    def answer_requests(self) -> str | None:
        """Start what a person has asked for first, if nothing is in its way; `started`, or None."""
        requests = waiting_requests(self._workspace, self._loop.name)
        return "started" if requests and self._asked_for(requests[0]) else None

    def wait(self) -> str | None:
        """Wait until what runs has ended, and write it down; returns how, or None where nothing ran."""
        ended = None
        while self._running is not None:
            ended = self._follow(self._running)
            if self._running is not None:
                self._workspace.clock.sleep(POLL_S)
        return ended

    def stop(self) -> None:
        """End what runs, and write that down."""
        if self._running is not None:
            self._running.flight.stop()
            self._conclude(self._running, Said(why="it was stopped"))

    def standings(self, watch: Watch | None) -> tuple[Standing, ...]:
        """Where each trigger stands; nothing is started."""
        champion = champion_of(self._workspace, self._loop.name)
        if champion is None:
            return ()
        view = self._view(watch, champion)
        return tuple(standing(trigger, view) for trigger in self._loop.retraining)

    # -- what wants a retrain ---------------------------------------------------------------------------------------

    def _triggered(self, watch: Watch | None, champion: Digest) -> str | None:
        view, retraining = self._view(watch, champion), self._loop.retraining
        wanted: set[str] = set()
        for trigger in retraining:
            found = standing(trigger, view)
            if found.cause is None:
                continue
            wanted.add(found.cause.name)
            declared = brakes_of(retraining, trigger, price=self._price())
            if self._braked(found.cause, declared, trigger=found.trigger, watch=watch):
                return "started"
        if retraining.mode == "suggest" or open_suggestions(self._workspace, self._loop.name):
            outdate(self._workspace, self._loop.name, wanted=frozenset(wanted))
        return None

    def _asked_for(self, request: Request) -> bool:
        cause = Cause(
            name=f"request:{request.id}",
            reason=request.reason,
            events=(request.event,) if request.event else (),
            once=False,
        )
        declared = by_hand(self._loop.retraining, price=self._price(), forced=request.forced)
        return self._braked(cause, declared, trigger=_HAND, request=request)

    def _braked(
        self,
        cause: Cause,
        brakes: Brakes,
        *,
        trigger: str,
        request: Request | None = None,
        watch: Watch | None = None,
    ) -> bool:
        """Start what is wanted, unless the brakes hold it back; whether it was started."""
        name, past = self._loop.name, past_of(self._workspace, self._loop.name)
        seen = self._seen()
        decision = brake(brakes, cause.name, past, once=cause.once, seen=seen)
        # Taken only to train: whoever runs the loop by hand meanwhile must not find it taken for a moment.
        lock = take_lock(self._workspace, name, "a retrain") if decision.action == "run" else None
        if lock is not None:
            return self._start(cause, lock, trigger=trigger, request=request, watch=watch)
        if decision.action == "run":
            busy = msgspec.structs.replace(seen, under_way=holder(self._workspace, name))
            decision = brake(brakes, cause.name, past, once=cause.once, seen=busy)
        if decision.action == "suggest":
            suggest(self._workspace, name, cause, trigger=trigger)
        elif decision.action == "suppress":
            suppress(self._workspace, name, cause, reason=decision.reason, trigger=trigger)
        return False

    def _seen(self) -> Seen:
        workspace, name = self._workspace, self._loop.name
        moves = workspace.stores.ledger.history(workspace.ref("model", name, "champion"))
        moved = workspace.stores.ledger.read(after=moves[-1].seq - 1, limit=1) if moves and moves[-1].seq else ()
        return Seen(
            now=workspace.clock.now(),
            releasing=running_release(workspace, name) is not None,
            champion_since=moved[0].logical_at if moved else 0,
        )

    def _view(self, watch: Watch | None, champion: Digest) -> View:
        code = any(isinstance(trigger, OnCodeChange) for trigger in self._loop.retraining)
        return View(
            workspace=self._workspace,
            loop=self._loop,
            champion=champion,
            origin=self._workspace.stores.ledger.record("origin", champion),
            watch=watch,
            past=past_of(self._workspace, self._loop.name),
            labels=self._labels,
            code=self._code.look(champion) if code else None,
            now=self._workspace.clock.now(),
        )

    def _price(self) -> Price | None:
        return self._loop.retraining.price_by(self._workspace.settings.text("training_price"))

    # -- one retrain ------------------------------------------------------------------------------------------------

    def _start(
        self, cause: Cause, lock: TrainingLock, *, trigger: str, request: Request | None, watch: Watch | None
    ) -> bool:
        workspace, retraining, now = self._workspace, self._loop.retraining, self._workspace.clock.now()
        change = self._change(cause, watch)
        retrain = Retrain(
            id=workspace.ids("ret"),
            loop=self._loop.name,
            cause=cause.name,
            reason=cause.reason,
            trigger=trigger,
            actor=request.actor if request else CONTROLLER,
            started_at=now,
            window=pinned(retraining.window, changed_at=change or changed_at(workspace, self._loop.name)),
        )
        past = past_of(workspace, self._loop.name)
        left = seconds_left(retraining.budgets, self._price(), spent_of(past), now=now)
        limits = [limit for limit in (retraining.at_most_s, left) if limit is not None]
        try:
            decided = decide(workspace, retrain, cause, request=request, change=change)
        except ConflictError:  # another controller was faster
            lock.release()
            return False
        self._running = _Running(
            retrain=decided,
            flight=self._launched(decided, lock),
            lock=lock,
            began=workspace.clock.monotonic(),
            limit_s=None if request and request.forced else min(limits, default=None),
        )
        return True

    def _launched(self, retrain: Retrain, lock: TrainingLock) -> Flight:
        errand = Errand(
            project=str(self._loaded.project),
            home=str(self._workspace.home),
            file=str(self._loaded.path),
            caused_by=(retrain.decided,),
        )
        folder = self._workspace.home / "run" / "retraining" / self._loop.name
        return self._launch(errand, folder, lock.fileno)

    def _follow(self, running: "_Running") -> str | None:
        said = running.flight.said()
        if said is not None:
            return self._conclude(running, said)
        running.retrain = note_progress(self._workspace, running.retrain, running.flight.progress())
        if running.limit_s is None or self._workspace.clock.monotonic() - running.began < running.limit_s:
            return None
        running.flight.stop()
        why = f"it was stopped after {running.limit_s:.0f} s: it may take no longer"
        return self._conclude(running, running.flight.said() or Said(why=why))

    def _conclude(self, running: "_Running", said: Said) -> str | None:
        seconds = self._workspace.clock.monotonic() - running.began
        ended = conclude(self._workspace, running.retrain, said, price=self._price(), seconds=seconds)
        running.lock.release()
        self._running = None
        return None if ended is None else ended.outcome

    def _recover(self) -> str | None:
        """Conclude a retrain whose controller is gone: its lock is free once its process has ended, too."""
        lock = take_lock(self._workspace, self._loop.name, "the end of a retrain")
        if lock is None:
            return None
        try:
            retrain = in_flight(self._workspace, self._loop.name)
            if retrain is None:
                return None
            ended = conclude(self._workspace, retrain, Said(), price=self._price(), seconds=None)
            return None if ended is None else ended.outcome
        finally:
            lock.release()

    def _change(self, cause: Cause, watch: Watch | None) -> Micros | None:
        """When the stream changed that the cause is about, where the loop learns from there."""
        if not isinstance(self._loop.retraining.window, SinceChangePoint) or watch is None:
            return None
        named = next((one for one in watch.book.open.values() if one.id in cause.incidents), None)
        if named is None:
            return None
        told = named.explanation.changed_at if named.explanation else None
        return told or change_of(self._workspace, self._loop.name, watch.version, incident=named)


class _Running:
    """A retrain under way in this process's care."""

    def __init__(
        self, *, retrain: Retrain, flight: Flight, lock: TrainingLock, began: float, limit_s: float | None
    ) -> None:
        self.retrain = retrain
        self.flight = flight
        self.lock = lock
        self.began = began
        self.limit_s = limit_s
