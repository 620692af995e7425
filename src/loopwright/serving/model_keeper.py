"""The arms of a model's endpoint: champions in this process, versions on probation in their children."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

from loopwright.core.clock import Clock
from loopwright.errors import LoopwrightError, ModelLoadError
from loopwright.release.routing import Arm, Arms
from loopwright.serving.arms import ArmSet, CanaryArm, ChampionArm, label_of, previous_of
from loopwright.serving.champion_failures import ChampionFailures
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.health import Trip
from loopwright.serving.keeper import Kept
from loopwright.serving.loading import ArmLoader
from loopwright.serving.trips import recorded_trip
from loopwright.store.ledger import Ledger

_LAST_ASK_S = 0.1
_LOG = logging.getLogger("loopwright.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTools:
    """What the keepers of one worker share.

    Attributes:
        ledger: Holds the arms, and the trips of earlier workers.
        loader: Makes arms.
        failures: Champions that are not to be started.
        machine: The machine's clock.
        start_s: Seconds a probation child may take to come up before its arm is stopped.
    """

    ledger: Ledger
    loader: ArmLoader
    failures: ChampionFailures
    machine: Clock
    start_s: float = 30.0


class ModelKeeper:
    """The keeper of one model's endpoint.

    Args:
        endpoint: Which.
        tools: What it works with.
    """

    def __init__(self, endpoint: Endpoint, tools: ModelTools) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._tools = tools
        self._since: dict[str, float] = {}
        self._losses: dict[str, int] = {}
        self._tasks_aside: set[asyncio.Task[None]] = set()

    def kept(self) -> Kept | None:
        arms = self._endpoint.arms
        if arms is None:
            return None
        states = {"champion": "failed" if arms.failed else "ready"} | {c.spec.name: c.state for c in arms.children}
        return Kept(spec=arms.spec, versions=tuple(arms.versions), states=states, failed=arms.failed is not None)

    def load(self, target: str, cause: int) -> tuple[ArmSet, str]:
        """The arms, and why another answers for the champion (empty where it answers itself)."""
        current = self._endpoint.arms
        record = self._tools.ledger.record("arms", target)
        spec = Arms.of(record.data if record else {})
        champion, failed = self._champion(spec, current)
        beside = [self._canary(spec, arm, current) for arm in spec.beside]
        arms = ArmSet(
            spec=spec,
            champion=champion,
            canaries=tuple(arm for arm in beside if arm.spec.role != "shadow"),
            shadows=tuple(arm for arm in beside if arm.spec.role == "shadow"),
            previous=None if failed else previous_of(spec, current),
            cause=cause,
            failed=spec.champion.name if failed else None,
        )
        return arms, self._tools.failures.why(spec) if failed else ""

    def _champion(self, spec: Arms, current: ArmSet | None) -> tuple[ChampionArm, bool]:
        """What answers as the champion, and whether it does so in its stead.

        A version that took its workers down is not started again; one that cannot be loaded where nothing answers yet
        is stood in for.
        """
        loaded = current.champion if current is not None and current.failed is None else None
        why = self._tools.failures.why(spec) if loaded is None or loaded.spec.version != spec.champion.version else ""
        if why:
            instead = self._tools.loader.instead(spec, current, why)
            if instead is not None:
                self._tools.failures.tell(spec, cause="crash", why=why)
                return instead, True
        try:
            return self._tools.loader.champion(spec, loaded), False
        except ModelLoadError as error:
            if loaded is not None:
                raise
            instead = self._tools.loader.instead(spec, current, error.why)
            if instead is None:
                raise
            self._tools.failures.tell(spec, cause="load", why=f"{error.what}: {error.why}")
            return instead, True

    def _canary(self, spec: Arms, arm: Arm, current: ArmSet | None) -> CanaryArm:
        for canary in current.children if current else ():
            if current and canary.spec.version == arm.version and current.spec.release == spec.release:
                return replace(canary, spec=arm, label=label_of(spec, arm))
        made = self._tools.loader.canary(spec, arm)
        tripped = recorded_trip(self._tools.ledger, spec, arm)
        if tripped is not None:
            made.health.stop(tripped)
        return made

    def switch(self, loaded: tuple[ArmSet, str]) -> LoopwrightError | None:
        arms, why = loaded
        before = self._endpoint.arms
        kept = {id(canary.client) for canary in arms.children}
        known = {id(canary.client) for canary in before.children} if before else set()
        for canary in arms.children:
            if id(canary.client) not in known:
                canary.client.start()
                self._since[canary.spec.version] = self._tools.machine.monotonic()
                self._losses[canary.spec.version] = 0
        self._endpoint.switch(arms)
        for canary in before.children if before else ():
            if id(canary.client) not in kept:
                self._aside(_close_when_idle(canary))
        if arms.failed is not None:
            return ModelLoadError(f"the champion of {self.name!r} is not started; another answers for it", why=why)
        if arms.spec.previous is not None and arms.previous is None:
            self._aside(self._fetch_previous(arms))
        return None

    def heed(self, data: Mapping[str, Any]) -> None:
        arms = self._endpoint.arms
        for canary in arms.children if arms else ():
            if arms and arms.spec.release == data.get("release") and canary.spec.version == data.get("version"):
                canary.health.stop(Trip(cause=str(data.get("cause")), why="as the journal says"))

    def watch(self) -> None:
        """Stop canaries whose child does not come up, cannot load, or went away while nobody was asking."""
        arms = self._endpoint.arms
        for canary in arms.children if arms else ():
            if arms is None or canary.health.tripped is not None:
                continue
            client, version = canary.client, canary.spec.version
            late = self._tools.machine.monotonic() - self._since.get(version, 0.0) > self._tools.start_s
            if client.state == "refused" or (client.state == "starting" and late):
                self._endpoint.stop_canary(arms, canary, cause="load", why=client.why)
            elif client.losses > self._losses.get(version, 0):
                self._losses[version] = client.losses
                self._endpoint.stop_canary(arms, canary, cause="crash", why=client.why)

    async def close(self) -> None:
        arms = self._endpoint.arms
        for canary in arms.children if arms else ():
            await canary.client.close()

    async def _fetch_previous(self, arms: ArmSet) -> None:
        """Load the version that stands in for the champion, after the champion answers already."""
        try:
            previous = await asyncio.to_thread(self._tools.loader.previous, arms.spec)
        except Exception:  # noqa: BLE001 - boundary: loading; there is no stand-in then
            _LOG.warning("the version before the champion of %s cannot be loaded", self._endpoint.name, exc_info=True)
            return
        if self._endpoint.arms is arms:
            self._endpoint.switch(replace(arms, previous=previous))

    def _aside(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks_aside.add(task)
        task.add_done_callback(self._tasks_aside.discard)


async def _close_when_idle(canary: CanaryArm) -> None:
    """Requests that were on their way when the arms switched still get their answer."""
    await asyncio.sleep(_LAST_ASK_S)
    while not canary.client.idle:
        await asyncio.sleep(_LAST_ASK_S)
    await canary.client.close()
