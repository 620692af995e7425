"""The arms of an application's endpoint, as a worker keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError, ModelLoadError
from loopwright.release.routing import Arm, Arms
from loopwright.serving.applications.arms import PREVIOUS, ApplicationArm, ApplicationArms
from loopwright.serving.applications.endpoint import ApplicationEndpoint
from loopwright.serving.applications.loaded import LoadedApplication
from loopwright.serving.applications.loading import ApplicationLoader
from loopwright.serving.arms import label_of
from loopwright.serving.health import Trip
from loopwright.serving.keeper import Kept
from loopwright.serving.trips import recorded_trip
from loopwright.store.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationTools:
    """What the keepers of one worker share: where arms and trips are, and what makes versions ready."""

    ledger: Ledger
    loader: ApplicationLoader


class ApplicationKeeper:
    """The keeper of one application's endpoint.

    Args:
        endpoint: Which.
        tools: What it works with.
    """

    def __init__(self, endpoint: ApplicationEndpoint, tools: ApplicationTools) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._tools = tools

    def kept(self) -> Kept | None:
        arms = self._endpoint.arms
        if arms is None:
            return None
        states = {"champion": "failed" if arms.failed else "ready"} | {a.spec.name: a.state for a in arms.beside}
        return Kept(spec=arms.spec, versions=tuple(arms.versions), states=states, failed=bool(arms.failed))

    def load(self, target: str, cause: int) -> ApplicationArms:
        record = self._tools.ledger.record("arms", target)
        spec = Arms.of(record.data if record else {})
        current = self._endpoint.arms
        known = _known(current)
        champion, failed = self._champion(spec, known, first=current is None)
        beside = [self._beside(spec, arm, current) for arm in spec.beside]
        return ApplicationArms(
            spec=spec,
            champion=ApplicationArm(label=label_of(spec, spec.champion), spec=spec.champion, loaded=champion),
            canaries=tuple(arm for arm in beside if arm.spec.role != "shadow"),
            shadows=tuple(arm for arm in beside if arm.spec.role == "shadow"),
            previous=self._previous(spec, known),
            cause=cause,
            failed=failed,
        )

    def switch(self, loaded: ApplicationArms) -> LoopwrightError | None:
        self._endpoint.switch(loaded)
        if loaded.failed:
            return ModelLoadError(
                f"the champion of {self.name!r} is not started; another answers for it", why=loaded.failed
            )
        return None

    def heed(self, data: Mapping[str, Any]) -> None:
        arms = self._endpoint.arms
        for arm in arms.beside if arms else ():
            if arms and arms.spec.release == data.get("release") and arm.spec.version == data.get("version"):
                arm.health.stop(Trip(cause=str(data.get("cause")), why="as the journal says"))

    def watch(self) -> None:
        """An application is configuration: it does not fail while nobody asks."""

    async def close(self) -> None:
        """Nothing is held."""

    def _champion(
        self, spec: Arms, known: Mapping[Digest, LoadedApplication], *, first: bool
    ) -> tuple[LoadedApplication, str]:
        """What answers as the champion, and why it is not the champion itself (empty where it is): where nothing
        answers yet, the version before stands in for one that cannot be loaded."""
        try:
            return self._loaded(spec.champion.version, known), ""
        except ModelLoadError as error:
            if not first or spec.previous is None:
                raise
            return self._loaded(spec.previous, known), f"{error.what}: {error.why}"

    def _beside(self, spec: Arms, arm: Arm, current: ApplicationArms | None) -> ApplicationArm:
        for known in current.beside if current else ():
            if current and known.spec.version == arm.version and current.spec.release == spec.release:
                return replace(known, spec=arm, label=label_of(spec, arm))
        made = ApplicationArm(
            label=label_of(spec, arm), spec=arm, loaded=self._loaded(arm.version, _known(current))
        )  # fmt: skip
        tripped = recorded_trip(self._tools.ledger, spec, arm)
        if tripped is not None:
            made.health.stop(tripped)
        return made

    def _previous(self, spec: Arms, known: Mapping[Digest, LoadedApplication]) -> ApplicationArm | None:
        """The version before the champion; one that cannot be loaded stands in for nobody."""
        if spec.previous is None or spec.previous == spec.champion.version:
            return None
        try:
            loaded = self._loaded(spec.previous, known)
        except LoopwrightError:
            return None
        arm = Arm(name=PREVIOUS, role="champion", version=spec.previous, share=0.0)
        return ApplicationArm(label=label_of(spec, arm), spec=arm, loaded=loaded)

    def _loaded(self, version: Digest, known: Mapping[Digest, LoadedApplication]) -> LoadedApplication:
        return known.get(version) or self._tools.loader.load(version)


def _known(current: ApplicationArms | None) -> dict[Digest, LoadedApplication]:
    return {arm.loaded.version: arm.loaded for arm in current.all} if current else {}
