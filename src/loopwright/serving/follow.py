"""Following the arms: a worker looks for journal events, loads what they name, acknowledges, then switches.

A load that fails keeps the arms that answer now and records the cause.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

from loopwright.core.clock import Clock
from loopwright.core.events import EventDraft
from loopwright.errors import LoopwrightError, ModelLoadError
from loopwright.release.routing import Arm, Arms
from loopwright.serving.arms import ArmSet, CanaryArm, ChampionArm, label_of, previous_of
from loopwright.serving.champion_failures import ChampionFailures
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.health import Trip
from loopwright.serving.loading import ArmLoader
from loopwright.serving.trips import recorded_trip
from loopwright.store.ledger import Ledger, Record

_LEASE_S = 1.0
_RETRY_S = 5.0
_PAGE = 1000
_LAST_ASK_S = 0.1
_LOG = logging.getLogger("loopwright.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOptions:
    """How a worker follows.

    Attributes:
        worker: The worker's id, which is its lease's.
        namespace: Prefix of every ref.
        poll_s: Seconds between looks at the journal.
        start_s: Seconds a probation child may take to come up before its arm is stopped.
    """

    worker: str
    namespace: str = "default"
    poll_s: float = 0.1
    start_s: float = 30.0


class _Followed:
    """One endpoint under way: which record it stands at, what went wrong last, since when each child is waited for."""

    __slots__ = ("endpoint", "failure", "losses", "retry_at", "since", "target")

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.target: str | None = None
        self.failure: dict[str, Any] | None = None
        self.retry_at = 0.0
        self.since: dict[str, float] = {}
        self.losses: dict[str, int] = {}


class Follower:
    """Keeps the endpoints of one worker at the arms that the ledger names. Lives on one event loop."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        *,
        ledger: Ledger,
        loader: ArmLoader,
        failures: ChampionFailures,
        clock: Clock,
        machine: Clock,
        options: FollowOptions,
    ) -> None:
        self._followed = {name: _Followed(endpoint) for name, endpoint in endpoints.items()}
        self._ledger = ledger
        self._loader = loader
        self._champion_failures = failures
        self._clock = clock
        self._machine = machine
        self._options = options
        self._cursor: int | None = None
        self._lease_at = float("-inf")
        self._lease_shown: dict[str, Any] = {}
        self._looked = asyncio.Event()
        self._tasks_aside: set[asyncio.Task[None]] = set()

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
            answers = followed.endpoint.arms
            due = followed.failure is not None and (answers is None or answers.failed is not None)
            if news or (due and self._machine.monotonic() >= followed.retry_at):
                await self._catch_up(followed)
            self._watch(followed)
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
        """Let go of canaries and end the lease."""
        for followed in self._followed.values():
            arms = followed.endpoint.arms
            for canary in arms.children if arms else ():
                await canary.client.close()
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
        arms = followed.endpoint.arms if followed else None
        for canary in arms.children if arms else ():
            if arms and arms.spec.release == data.get("release") and canary.spec.version == data.get("version"):
                canary.health.stop(Trip(cause=str(data.get("cause")), why="as the journal says"))

    async def _catch_up(self, followed: _Followed) -> None:
        name = followed.endpoint.name
        target = await asyncio.to_thread(self._ledger.ref, self._ref(name))
        if target is None or (target == followed.target and followed.failure is None):
            return
        if target == followed.target and self._machine.monotonic() < followed.retry_at:
            return
        followed.target = target
        try:
            arms = await asyncio.to_thread(self._load, target, followed.endpoint.arms)
        except LoopwrightError as error:
            await self._could_not_load(followed, target, error)
            return
        except Exception as error:  # noqa: BLE001 - boundary: loading; the cause is recorded
            why = f"{type(error).__name__}: {error}"
            await self._could_not_load(followed, target, ModelLoadError("the arms cannot be loaded", why=why))
            return
        self._switch(followed, arms)
        if arms.failed is None:
            followed.failure = None
        else:
            why = await asyncio.to_thread(self._champion_failures.why, arms.spec)
            failed = ModelLoadError(f"the champion of {name!r} is not started; another answers for it", why=why)
            await self._could_not_load(followed, target, failed)
        await self._renew_lease(now=True)
        if arms.spec.previous is not None and arms.previous is None and arms.failed is None:
            self._aside(self._fetch_previous(followed, arms))

    def _load(self, target: str, current: ArmSet | None) -> ArmSet:
        """The arms of a record, ready. Runs in a thread; what answers now goes on answering."""
        record = self._ledger.record("arms", target)
        spec = Arms.of(record.data if record else {})
        champion, failed = self._champion(spec, current)
        beside = [self._canary(spec, arm, current) for arm in spec.beside]
        return ArmSet(
            spec=spec,
            champion=champion,
            canaries=tuple(arm for arm in beside if arm.spec.role != "shadow"),
            shadows=tuple(arm for arm in beside if arm.spec.role == "shadow"),
            previous=None if failed else previous_of(spec, current),
            cause=self._moved_at(spec.endpoint),
            failed=spec.champion.name if failed else None,
        )

    def _champion(self, spec: Arms, current: ArmSet | None) -> tuple[ChampionArm, bool]:
        """What answers as the champion, and whether it does so in its stead.

        A version that took its workers down is not started again; one that cannot be loaded where nothing answers yet
        is stood in for.
        """
        loaded = current.champion if current is not None and current.failed is None else None
        why = (
            self._champion_failures.why(spec) if loaded is None or loaded.spec.version != spec.champion.version else ""
        )
        if why:
            instead = self._loader.instead(spec, current, why)
            if instead is not None:
                self._champion_failures.tell(spec, cause="crash", why=why)
                return instead, True
        try:
            return self._loader.champion(spec, loaded), False
        except ModelLoadError as error:
            if loaded is not None:
                raise
            instead = self._loader.instead(spec, current, error.why)
            if instead is None:
                raise
            self._champion_failures.tell(spec, cause="load", why=f"{error.what}: {error.why}")
            return instead, True

    def _canary(self, spec: Arms, arm: Arm, current: ArmSet | None) -> CanaryArm:
        for canary in current.children if current else ():
            if current and canary.spec.version == arm.version and current.spec.release == spec.release:
                return replace(canary, spec=arm, label=label_of(spec, arm))
        made = self._loader.canary(spec, arm)
        tripped = recorded_trip(self._ledger, spec, arm)
        if tripped is not None:
            made.health.stop(tripped)
        return made

    async def _fetch_previous(self, followed: _Followed, arms: ArmSet) -> None:
        """Load the version that stands in for the champion, after the champion answers already."""
        try:
            previous = await asyncio.to_thread(self._loader.previous, arms.spec)
        except Exception:  # noqa: BLE001 - boundary: loading; there is no stand-in then
            _LOG.warning(
                "the version before the champion of %s cannot be loaded", followed.endpoint.name, exc_info=True
            )
            return
        if followed.endpoint.arms is arms:
            followed.endpoint.switch(replace(arms, previous=previous))

    def _aside(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks_aside.add(task)
        task.add_done_callback(self._tasks_aside.discard)

    def _switch(self, followed: _Followed, arms: ArmSet) -> None:
        before = followed.endpoint.arms
        kept = {id(canary.client) for canary in arms.children}
        known = {id(canary.client) for canary in before.children} if before else set()
        for canary in arms.children:
            if id(canary.client) not in known:
                canary.client.start()
                followed.since[canary.spec.version] = self._machine.monotonic()
                followed.losses[canary.spec.version] = 0
        followed.endpoint.switch(arms)
        for canary in before.children if before else ():
            if id(canary.client) not in kept:
                self._aside(_close_when_idle(canary))

    def _watch(self, followed: _Followed) -> None:
        """Stop canaries whose child does not come up, cannot load, or went away while nobody was asking."""
        arms = followed.endpoint.arms
        for canary in arms.children if arms else ():
            if arms is None or canary.health.tripped is not None:
                continue
            client, version = canary.client, canary.spec.version
            late = self._machine.monotonic() - followed.since.get(version, 0.0) > self._options.start_s
            if client.state == "refused" or (client.state == "starting" and late):
                followed.endpoint.stop_canary(arms, canary, cause="load", why=client.why)
            elif client.losses > followed.losses.get(version, 0):
                followed.losses[version] = client.losses
                followed.endpoint.stop_canary(arms, canary, cause="crash", why=client.why)

    async def _could_not_load(self, followed: _Followed, target: str, error: LoopwrightError) -> None:
        repeated = followed.failure is not None and followed.failure.get("target") == target
        followed.failure = {
            "target": target, "code": error.code, "what": error.what, "why": error.why, "fix": error.fix
        }  # fmt: skip
        followed.retry_at = self._machine.monotonic() + _RETRY_S
        if not repeated:
            name = followed.endpoint.name
            data = {"endpoint": name, "arms": target, "code": error.code, "worker": self._options.worker}
            draft = EventDraft(kind="version_load_failed", subject=f"endpoint:{name}", data=data,
                               logical_at=self._clock.now(), actor=f"worker:{self._options.worker}")  # fmt: skip
            await asyncio.to_thread(lambda: self._ledger.commit(events=[draft]))
        await self._renew_lease(now=True)

    def _lease_data(self) -> dict[str, Any]:
        revisions, states, failures, versions = {}, {}, {}, set()
        for name, followed in self._followed.items():
            arms = followed.endpoint.arms
            if arms is not None:
                revisions[name] = arms.spec.revision
                versions.update(arms.versions)
                states[name] = {"champion": "failed" if arms.failed else "ready"} | {
                    c.spec.name: c.state for c in arms.children
                }
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


async def _close_when_idle(canary: CanaryArm) -> None:
    """Requests that were on their way when the arms switched still get their answer."""
    await asyncio.sleep(_LAST_ASK_S)
    while not canary.client.idle:
        await asyncio.sleep(_LAST_ASK_S)
    await canary.client.close()
