"""Following the arms: a worker looks for journal events, loads what they name, acknowledges, then switches.

A load that fails keeps the arms that answer now and records the cause.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopwright.core.clock import Clock
from loopwright.core.events import EventDraft
from loopwright.errors import LoopwrightError, ModelLoadError
from loopwright.serving.keeper import Keeper
from loopwright.store.ledger import Ledger, Record

_LEASE_S = 1.0
_RETRY_S = 5.0
_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOptions:
    """How a worker follows.

    Attributes:
        worker: The worker's id, which is its lease's.
        namespace: Prefix of every ref.
        poll_s: Seconds between looks at the journal.
    """

    worker: str
    namespace: str = "default"
    poll_s: float = 0.1


class _Followed:
    """One endpoint under way: which record it stands at, and what went wrong last."""

    __slots__ = ("failure", "keeper", "retry_at", "target")

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.target: str | None = None
        self.failure: dict[str, Any] | None = None
        self.retry_at = 0.0


class Follower:
    """Keeps the endpoints of one worker at the arms that the ledger names. Lives on one event loop.

    Args:
        keepers: One for each endpoint.
        ledger: Names the arms, and takes the worker's lease.
        clock: The workspace's.
        machine: The machine's.
        options: How.
    """

    def __init__(
        self, keepers: Sequence[Keeper], *, ledger: Ledger, clock: Clock, machine: Clock, options: FollowOptions
    ) -> None:
        self._followed = {keeper.name: _Followed(keeper) for keeper in keepers}
        self._ledger = ledger
        self._clock = clock
        self._machine = machine
        self._options = options
        self._cursor: int | None = None
        self._lease_at = float("-inf")
        self._lease_shown: dict[str, Any] = {}
        self._looked = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(self._options.poll_s)

    async def step(self) -> None:
        """One look: new events, arms that moved, canaries that failed, the lease.

        Once a lease the arms are looked up even without news: a ref that was moved without an event is followed too.
        """
        news = await asyncio.to_thread(self._read_news) or self._lease_due()
        for followed in self._followed.values():
            kept = followed.keeper.kept()
            due = followed.failure is not None and (kept is None or kept.failed)
            if news or (due and self._machine.monotonic() >= followed.retry_at):
                await self._catch_up(followed)
            followed.keeper.watch()
        await self._renew_lease()
        self._looked.set()

    async def loaded(self, patience_s: float) -> None:
        """Wait for the end of the first look: what there is to serve is loaded then, or its failure known."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._looked.wait()

    def failures(self) -> dict[str, dict[str, Any]]:
        """Endpoints whose arms could not be loaded, with the cause."""
        return {name: f.failure for name, f in self._followed.items() if f.failure is not None}

    async def stop(self) -> None:
        """Let go of everything and end the lease."""
        for followed in self._followed.values():
            await followed.keeper.close()
        await asyncio.to_thread(self._write_lease, self._lease_data() | {"ended": True})

    def _read_news(self) -> bool:
        """Whether anything happened since the last look; True the first time."""
        if self._cursor is None:
            self._cursor = max((self._moved_at(name) for name in self._followed), default=0)
            return True
        events = self._ledger.read(after=self._cursor, limit=_PAGE)
        for event in events:
            if event.kind == "arm_tripped":
                self._heed(event.data)
        if events:
            self._cursor = events[-1].seq
        return bool(events)

    def _moved_at(self, name: str) -> int:
        history = self._ledger.history(self._ref(name))
        return history[-1].seq if history else 0

    def _ref(self, name: str) -> str:
        return f"{self._options.namespace}/endpoint/{name}@arms"

    def _heed(self, data: Mapping[str, Any]) -> None:
        """Stop an arm that another worker found broken."""
        followed = self._followed.get(str(data.get("endpoint")))
        if followed is not None:
            followed.keeper.heed(data)

    async def _catch_up(self, followed: _Followed) -> None:
        keeper = followed.keeper
        target = await asyncio.to_thread(self._ledger.ref, self._ref(keeper.name))
        if target is None or (target == followed.target and followed.failure is None):
            return
        if target == followed.target and self._machine.monotonic() < followed.retry_at:
            return
        followed.target = target
        try:
            loaded = await asyncio.to_thread(self._load, keeper, target)
        except LoopwrightError as error:
            await self._could_not_load(followed, target, error)
            return
        except Exception as error:  # noqa: BLE001 - boundary: loading; the cause is recorded
            why = f"{type(error).__name__}: {error}"
            await self._could_not_load(followed, target, ModelLoadError("the arms cannot be loaded", why=why))
            return
        wrong = keeper.switch(loaded)
        if wrong is None:
            followed.failure = None
        else:
            await self._could_not_load(followed, target, wrong)
        await self._renew_lease(now=True)

    def _load(self, keeper: Keeper, target: str) -> Any:
        return keeper.load(target, self._moved_at(keeper.name))

    async def _could_not_load(self, followed: _Followed, target: str, error: LoopwrightError) -> None:
        repeated = followed.failure is not None and followed.failure.get("target") == target
        followed.failure = {
            "target": target, "code": error.code, "what": error.what, "why": error.why, "fix": error.fix
        }  # fmt: skip
        followed.retry_at = self._machine.monotonic() + _RETRY_S
        if not repeated:
            name = followed.keeper.name
            data = {"endpoint": name, "arms": target, "code": error.code, "worker": self._options.worker}
            draft = EventDraft(kind="version_load_failed", subject=f"endpoint:{name}", data=data,
                               logical_at=self._clock.now(), actor=f"worker:{self._options.worker}")  # fmt: skip
            await asyncio.to_thread(lambda: self._ledger.commit(events=[draft]))
        await self._renew_lease(now=True)

    def _lease_data(self) -> dict[str, Any]:
        revisions, states, failures = {}, {}, {}
        versions: set[str] = set()
        for name, followed in self._followed.items():
            kept = followed.keeper.kept()
            if kept is not None:
                revisions[name] = kept.spec.revision
                versions.update(kept.versions)
                states[name] = dict(kept.states)
            if followed.failure is not None:
                failures[name] = followed.failure
        about = {"role": "worker", "pid": os.getpid(), "versions": sorted(versions)}
        return about | {"revisions": revisions, "arms": states, "failures": failures}

    async def _renew_lease(self, *, now: bool = False) -> None:
        data = self._lease_data()
        if now or data != self._lease_shown or self._lease_due():
            self._lease_at, self._lease_shown = self._machine.monotonic(), data
            await asyncio.to_thread(self._write_lease, data)

    def _lease_due(self) -> bool:
        return self._machine.monotonic() - self._lease_at >= _LEASE_S

    def _write_lease(self, data: Mapping[str, Any]) -> None:
        at = self._machine.now()
        record = Record(
            kind="lease", id=self._options.worker, data=dict(data) | {"at": at}, facets={"role": "worker"}, at=at
        )
        self._ledger.commit(records=[record], durability="normal")
