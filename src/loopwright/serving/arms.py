"""The versions that answer for an endpoint at one time: the champion in this process, canaries in their children."""

from dataclasses import dataclass, field

from loopwright.release.routing import Arm, Arms, choose
from loopwright.serving.health import ArmHealth
from loopwright.serving.intake import Intake
from loopwright.serving.model import Model
from loopwright.serving.observer import ArmLabel
from loopwright.serving.probation import ProbationClient


def label_of(arms: Arms, arm: Arm) -> ArmLabel:
    """How an arm's figures are labelled."""
    return ArmLabel(endpoint=arms.endpoint, release=arms.release, arm=arm.name, version=arm.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionArm:
    """The version that answers in this process, and for every other arm that fails."""

    label: ArmLabel
    spec: Arm
    model: Model
    intake: Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryArm:
    """A version on probation. Its health outlives changes of its share within one release."""

    label: ArmLabel
    spec: Arm
    intake: Intake
    client: ProbationClient
    health: ArmHealth

    @property
    def answers(self) -> bool:
        """Whether requests may be sent to it now."""
        return self.health.tripped is None and self.client.state == "ready"

    @property
    def state(self) -> str:
        """`tripped`, or the state of its child: starting, ready, refused, lost, closed."""
        return "tripped" if self.health.tripped is not None else self.client.state


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSet:
    """All arms of an endpoint at one revision.

    `cause` is the journal's number of the event that set them (0: none), which a trip names as its cause.
    """

    spec: Arms
    champion: ChampionArm
    canaries: tuple[CanaryArm, ...] = field(default=())
    cause: int = 0

    def choose(self, key: str) -> CanaryArm | None:
        """The canary that a request belongs to, or None for the champion.

        A canary that cannot answer now is passed over: its share is the champion's.
        """
        if not self.canaries:
            return None
        chosen = choose(self.spec, key)
        return next((c for c in self.canaries if c.spec.name == chosen.name and c.answers), None)

    def by_version(self, prefix: str) -> ChampionArm | CanaryArm | None:
        """The arm whose version starts with `prefix` (at least 8 characters)."""
        arms: tuple[ChampionArm | CanaryArm, ...] = (self.champion, *self.canaries)
        found = [arm for arm in arms if len(prefix) >= 8 and arm.spec.version.startswith(prefix)]
        return found[0] if found else None
