"""The versions that answer for an endpoint at one time: the champion in this process, canaries in their children."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import ServingError
from loopwright.serving.health import ArmHealth
from loopwright.serving.intake import Intake
from loopwright.serving.model import Model
from loopwright.serving.observer import ArmLabel
from loopwright.serving.probation import ProbationClient


class ArmSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One arm as the ledger's record names it. `share` is of all requests, 0 to 1."""

    name: str
    role: str
    version: Digest
    share: float


class ArmsSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The data of an `arms` record."""

    endpoint: str
    revision: int
    arms: tuple[ArmSpec, ...]
    release: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "ArmsSpec":
        """Read a record's data.

        Raises:
            ServingError: It does not name exactly one champion.
        """
        try:
            spec = msgspec.convert(dict(data), cls)
        except msgspec.ValidationError as error:
            raise ServingError("an arms record cannot be read", why=str(error)) from error
        if len([arm for arm in spec.arms if arm.role == "champion"]) != 1:
            raise ServingError(f"the arms of {spec.endpoint!r} name no single champion")
        return spec

    def label(self, arm: ArmSpec) -> ArmLabel:
        """How an arm's figures are labelled."""
        return ArmLabel(endpoint=self.endpoint, release=self.release, arm=arm.name, version=arm.version)

    @property
    def champion(self) -> ArmSpec:
        return next(arm for arm in self.arms if arm.role == "champion")

    @property
    def canaries(self) -> tuple[ArmSpec, ...]:
        return tuple(arm for arm in self.arms if arm.role != "champion")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionArm:
    """The version that answers in this process, and for every other arm that fails."""

    label: ArmLabel
    spec: ArmSpec
    model: Model
    intake: Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryArm:
    """A version on probation. Its health outlives changes of its share within one release."""

    label: ArmLabel
    spec: ArmSpec
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

    spec: ArmsSpec
    champion: ChampionArm
    canaries: tuple[CanaryArm, ...] = field(default=())
    cause: int = 0

    def choose(self, key: str) -> CanaryArm | None:
        """The canary that a request belongs to, or None for the champion.

        The same key has the same answer as long as the release lasts, and a growing share only adds keys. A canary that
        cannot answer now is passed over: its share is the champion's.
        """
        if not self.canaries:
            return None
        point = int(digest_bytes(f"{self.spec.release}:{key}".encode())[:16], 16) / float(1 << 64)
        edge = 0.0
        for canary in self.canaries:
            edge += canary.spec.share
            if point < edge:
                return canary if canary.answers else None
        return None

    def by_version(self, prefix: str) -> ChampionArm | CanaryArm | None:
        """The arm whose version starts with `prefix` (at least 8 characters)."""
        arms: tuple[ChampionArm | CanaryArm, ...] = (self.champion, *self.canaries)
        found = [arm for arm in arms if len(prefix) >= 8 and arm.spec.version.startswith(prefix)]
        return found[0] if found else None
