"""Which version answers a request: arms with shares of the traffic, chosen by the hash of a key."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from blake3 import blake3

from loopwright.core.hashing import Digest
from loopwright.errors import ReleaseError

Role = Literal["champion", "canary", "variant", "shadow"]
"""champion: answers what no other arm does, and for every arm that fails. canary: a candidate on trial. variant: an arm
of an experiment or a bandit. shadow: is given copies of requests and never answers one."""
_POINTS = 1 << 64


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that an arm gets by rule, before the lot is drawn: those whose input or header has one of the values.

    Attributes:
        source: Where to look.
        field: The request's column, or the header in lower case.
        values: As text.
    """

    source: Literal["input", "header"]
    field: str
    values: tuple[str, ...]


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One version that may answer for an endpoint.

    Attributes:
        name: Unique among the endpoint's arms.
        role: What it may do.
        version: The model.
        share: Of all requests, 0 to 1; a shadow's is the share of requests that it gets a copy of.
        cohort: Requests that it gets whatever the lot says.
    """

    name: str
    role: Role
    version: Digest
    share: float
    cohort: Cohort | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise ReleaseError(f"the share of arm {self.name!r} is {self.share}", why="a share lies between 0 and 1")


class Arms(msgspec.Struct, frozen=True, kw_only=True):
    """All arms of an endpoint at one revision; the data of a record of kind `arms`.

    Attributes:
        endpoint: Whose.
        revision: Counts up with every change.
        arms: One champion, and what stands beside it.
        release: The release under way, which salts the lot.
        unit: The request's column that the lot is drawn by, such as a user's id; the signature's key where None.
        cohort: The requests that take part in the release; the champion answers every other one. All where None.
        previous: The version that answers where the champion cannot.
        default: What is answered where no version can.

    Raises:
        ReleaseError: There is not exactly one champion, a name occurs twice, or the shares do not add up to 1.
    """

    endpoint: str
    revision: int
    arms: tuple[Arm, ...]
    release: str | None = None
    unit: str | None = None
    cohort: Cohort | None = None
    previous: Digest | None = None
    default: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if [arm.role for arm in self.arms].count("champion") != 1:
            raise ReleaseError(f"the arms of {self.endpoint!r} name no single champion")
        if len({arm.name for arm in self.arms}) != len(self.arms):
            raise ReleaseError(f"two arms of {self.endpoint!r} have the same name")
        if abs(sum(arm.share for arm in self.arms if arm.role != "shadow") - 1.0) > 1e-9:
            raise ReleaseError(f"the shares of the arms of {self.endpoint!r} do not add up to 1")

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Arms":
        """Read a record's data.

        Raises:
            ReleaseError: It is no arms record.
        """
        try:
            return msgspec.convert(dict(data), cls)
        except msgspec.ValidationError as error:
            raise ReleaseError("an arms record cannot be read", why=str(error)) from error

    @classmethod
    def only_champion(cls, endpoint: str, version: Digest, *, revision: int = 1) -> "Arms":
        """The arms of an endpoint that one version answers."""
        champion = Arm(name="champion", role="champion", version=version, share=1.0)
        return cls(endpoint=endpoint, revision=revision, arms=(champion,))

    def to_json(self) -> dict[str, Any]:
        """The record's data."""
        return dict(msgspec.to_builtins(self))

    @property
    def champion(self) -> Arm:
        return next(arm for arm in self.arms if arm.role == "champion")

    @property
    def canaries(self) -> tuple[Arm, ...]:
        return tuple(arm for arm in self.arms if arm.role == "canary")

    @property
    def shadows(self) -> tuple[Arm, ...]:
        return tuple(arm for arm in self.arms if arm.role == "shadow")

    @property
    def beside(self) -> tuple[Arm, ...]:
        """Every arm but the champion: each runs in a probation child."""
        return tuple(arm for arm in self.arms if arm.role != "champion")

    def with_canary(self, version: Digest, share: float, *, release: str) -> "Arms":
        """The next revision: this champion and one canary with `share` of the requests."""
        champion = msgspec.structs.replace(self.champion, share=1.0 - share)
        canary = Arm(name="candidate", role="canary", version=version, share=share)
        return Arms(endpoint=self.endpoint, revision=self.revision + 1, release=release, arms=(champion, canary))

    def with_arms(
        self, arms: tuple[Arm, ...], *, release: str | None, unit: str | None = None, cohort: Cohort | None = None
    ) -> "Arms":
        """The next revision: these arms, with the same versions to fall back on."""
        return msgspec.structs.replace(
            self, revision=self.revision + 1, arms=arms, release=release, unit=unit, cohort=cohort
        )

    def with_champion(self, version: Digest) -> "Arms":
        """The next revision: `version` alone, as champion."""
        return Arms.only_champion(self.endpoint, version, revision=self.revision + 1)


def point(key: str, *, salt: str = "") -> int:
    """Where a key falls: an integer in [0, 2**64), uniform over keys and the same for ever."""
    return int.from_bytes(blake3(f"{salt}:{key}".encode()).digest(8), "big")


def choose(
    arms: Arms, key: str, *, inputs: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Arm:
    """The arm that a request belongs to.

    The same key belongs to the same arm for as long as a release lasts: when the canary's share grows, keys only move
    to it, and when it shrinks, only away from it. Another release draws other keys. With several arms beside the
    champion, this holds for the first; the others' keys shift with its share.

    Args:
        arms: What there is to choose from.
        key: The request's key (the thing predicted), or its id where it has none.
        inputs: The request's checked columns, for cohorts by input.
        headers: The request's headers in lower case, for cohorts by header.
    """
    return Lots(arms).choose(key, inputs=inputs, headers=headers)


class Lots:
    """The lots of some arms, worked out once; `choose` of it is `choose` above.

    Attributes:
        by_input: Whether a cohort is told by a request's inputs, which it must then be given.
    """

    __slots__ = ("_champion", "_cohort", "_cohorts", "_edges", "_salt", "by_input")

    def __init__(self, arms: Arms) -> None:
        self._champion = arms.champion
        self._salt = arms.release or ""
        self._cohort = arms.cohort
        self._cohorts = tuple((arm.cohort, arm) for arm in arms.arms if arm.cohort is not None and arm.role != "shadow")
        edge, edges = 0.0, []
        for arm in arms.arms:
            if arm.role in ("canary", "variant"):
                edge += arm.share
                edges.append((round(edge * _POINTS), arm))
        self._edges = tuple(edges)
        cohorts = [cohort for cohort, _ in self._cohorts] + [arms.cohort]
        self.by_input = any(cohort is not None and cohort.source == "input" for cohort in cohorts)

    def choose(
        self, key: str, *, inputs: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Arm:
        """The arm that a request belongs to."""
        for cohort, arm in self._cohorts:
            if in_cohort(cohort, inputs or {}, headers or {}):
                return arm
        if self._cohort is not None and not in_cohort(self._cohort, inputs or {}, headers or {}):
            return self._champion
        at = point(key, salt=self._salt)
        for edge, arm in self._edges:
            if at < edge:
                return arm
        return self._champion


def mirrored(arms: Arms, key: str) -> tuple[Arm, ...]:
    """The shadows that get a copy of a request. Each draws its own lot, by the same key every time."""
    salt = arms.release or ""
    return tuple(arm for arm in arms.shadows if point(key, salt=f"{salt}/{arm.name}") < round(arm.share * _POINTS))


def in_cohort(cohort: Cohort, inputs: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """Whether a request belongs to a cohort."""
    found = inputs.get(cohort.field) if cohort.source == "input" else headers.get(cohort.field)
    return found is not None and str(found) in cohort.values
