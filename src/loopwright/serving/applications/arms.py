"""The versions of an application that answer at one time. They are configuration: all live in this process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loopwright.release.routing import Arm, Arms, Lots, in_cohort, mirrored
from loopwright.serving.applications.call import GenerationCall
from loopwright.serving.applications.loaded import LoadedApplication
from loopwright.serving.health import ArmHealth
from loopwright.serving.observer import ArmLabel

PREVIOUS = "previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationArm:
    """A version and its part in the traffic. Its health outlives changes of its share within one release.

    Attributes:
        label: How its figures are labelled.
        spec: What the ledger says.
        loaded: The version.
        health: Its failures; a champion's are counted and never stop it.
    """

    label: ArmLabel
    spec: Arm
    loaded: LoadedApplication
    health: ArmHealth = field(default_factory=ArmHealth)

    @property
    def answers(self) -> bool:
        """Whether requests may be sent to it now."""
        return self.health.tripped is None

    @property
    def state(self) -> str:
        """`ready` or `tripped`."""
        return "ready" if self.answers else "tripped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationArms:
    """All arms of an endpoint at one revision.

    Attributes:
        spec: What the ledger says.
        champion: Answers what no other arm does, and for every arm that fails.
        canaries: Canaries and variants.
        shadows: Are given copies.
        previous: The version before the champion, which answers where the champion cannot.
        cause: The journal's number of the event that set them; 0: none.
        failed: Why something else answers for the champion, which cannot be loaded; empty where it answers itself.
        paid: Whether a call may cost somebody money, whoever answers it.
        lots: Which request is whose.
    """

    spec: Arms
    champion: ApplicationArm
    canaries: tuple[ApplicationArm, ...] = ()
    shadows: tuple[ApplicationArm, ...] = ()
    previous: ApplicationArm | None = None
    cause: int = 0
    failed: str = ""
    paid: bool = field(init=False)
    lots: Lots = field(init=False)
    outside: ArmLabel = field(init=False)
    _by_name: dict[str, ApplicationArm] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lots", Lots(self.spec))
        object.__setattr__(self, "paid", any(arm.loaded.paid for arm in self.all))
        object.__setattr__(self, "_by_name", {arm.spec.name: arm for arm in self.canaries})
        champion = self.champion.label
        alone = ArmLabel(endpoint=champion.endpoint, release=None, arm=champion.arm, version=champion.version)
        object.__setattr__(self, "outside", alone)

    @property
    def beside(self) -> tuple[ApplicationArm, ...]:
        """Every arm but the champion."""
        return (*self.canaries, *self.shadows)

    @property
    def all(self) -> tuple[ApplicationArm, ...]:
        """Every arm, and what stands in for the champion."""
        return (self.champion, *self.beside, *((self.previous,) if self.previous else ()))

    @property
    def versions(self) -> list[str]:
        """Every version in use."""
        return sorted({arm.loaded.version for arm in self.all})

    def choose(self, call: GenerationCall) -> ApplicationArm:
        """The arm that a call belongs to; one that cannot answer now is passed over for the champion."""
        if not self.canaries:
            return self.champion
        inputs = _inputs(call) if self.lots.by_input else None
        chosen = self._by_name.get(self.lots.choose(call.key, inputs=inputs, headers=call.headers).name)
        return chosen if chosen is not None and chosen.answers else self.champion

    def label_of(self, arm: ApplicationArm, call: GenerationCall) -> ArmLabel:
        """Whose figures a call is among: outside the release's cohort a champion's are no part of the release."""
        cohort = self.spec.cohort
        if cohort is None or arm is not self.champion or in_cohort(cohort, _inputs(call), call.headers):
            return arm.label
        return self.outside

    def mirrored(self, call: GenerationCall) -> tuple[ApplicationArm, ...]:
        """The shadows that get a copy of a call."""
        if not self.shadows:
            return ()
        drawn = {arm.name for arm in mirrored(self.spec, call.key)}
        return tuple(shadow for shadow in self.shadows if shadow.spec.name in drawn)

    def by_version(self, prefix: str) -> ApplicationArm | None:
        """The arm whose version starts with `prefix` (at least 8 characters); no shadow, which answers nobody."""
        arms = (self.champion, *self.canaries)
        return next((arm for arm in arms if len(prefix) >= 8 and arm.loaded.version.startswith(prefix)), None)


def _inputs(call: GenerationCall) -> Mapping[str, Any]:
    """What cohorts by input may look at: the caller's user, feature and session, the body's metadata and fields."""
    metadata = call.ask.body.get("metadata")
    about = metadata if isinstance(metadata, Mapping) else {}
    named = {"user": call.user, "feature": call.feature, "session": call.session}
    return {**call.ask.body, **about, **{name: value for name, value in named.items() if value}}
