"""The versions that answer for an endpoint at one time: the champion in this process, others in their children."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec
import numpy as np

from loopwright.errors import ArmFailedError
from loopwright.release.routing import Arm, Arms, Lots, in_cohort, mirrored
from loopwright.serving.door import Row
from loopwright.serving.explain import Explanation
from loopwright.serving.health import ArmHealth
from loopwright.serving.in_hand import Hand
from loopwright.serving.intake import Intake, Prepared
from loopwright.serving.model import Model
from loopwright.serving.observer import ArmLabel
from loopwright.serving.outputs import checked_outputs
from loopwright.serving.pending import Pending
from loopwright.serving.probation import ProbationClient

PREVIOUS = "previous"
DEFAULT = "default"


def label_of(arms: Arms, arm: Arm) -> ArmLabel:
    """How an arm's figures are labelled."""
    return ArmLabel(endpoint=arms.endpoint, release=arms.release, arm=arm.name, version=arm.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionArm:
    """A version that answers in this process: the champion, or the one before it where that one fails."""

    label: ArmLabel
    spec: Arm
    model: Model
    intake: Intake
    hand: Hand = field(default_factory=Hand, compare=False)

    def question(self, prepared: Prepared) -> Callable[[], dict[str, np.ndarray]]:
        """What asks the model: `score` (n,) or `probabilities` (n, c), checked. It may be called in another thread.

        What it raises is the model's own failure, an ArmFailedError where the answer has a wrong shape.
        """
        of_matrix = self.model.of_matrix
        if of_matrix is None:
            return partial(self._of_columns, self.intake.columns(prepared))
        return partial(self._of_matrix, of_matrix, self.intake.matrix(prepared))

    def explaining(
        self, prepared: Prepared, question: Callable[[], dict[str, np.ndarray]], told: list[dict[str, Any]]
    ) -> Callable[[], dict[str, np.ndarray]]:
        """As `question`, which it asks first; then `told` is given what each record's features contributed.

        It raises NotExplainableError where the version cannot say.
        """
        matrix = self.intake.matrix(prepared)

        def ask() -> dict[str, np.ndarray]:
            answer = question()
            told.extend(self.model.explain_matrix(matrix).rows())
            return answer

        return ask

    def _of_columns(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        with self.hand:
            return self.model.scores(columns)

    def _of_matrix(self, call: Callable[[np.ndarray], np.ndarray], matrix: np.ndarray) -> dict[str, np.ndarray]:
        with self.hand:
            found = call(matrix)
        return checked_outputs(
            self.model.signature, len(matrix), {"score" if found.ndim == 1 else "probabilities": found}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryArm:
    """A version on probation: a canary, a variant or a shadow. Its health outlives changes of its share within one
    release."""

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

    def rows_for(self, champion: ChampionArm, asked: Sequence[Pending]) -> list[Row]:
        """The requests' records as this version's door passes them; it is asked only where the contracts differ.

        Raises:
            RequestRefusedError: A record breaks this version's contract.
        """
        if self.intake.door.signature.request == champion.intake.door.signature.request:
            return [row for pending in asked for row in pending.rows]
        return [row for pending in asked for row in pending.check(self.intake.door)]

    async def ask(self, prepared: Prepared, timeout_s: float) -> dict[str, np.ndarray]:
        """`score` (n,) or `probabilities` (n, c) from the child, checked.

        Raises:
            ArmFailedError: The child crashed, hung, erred or answered nonsense; the context's `cause` says which.
        """
        raw = await self.client.scores_of(self.intake.matrix(prepared), timeout_s)
        return checked_outputs(self.intake.door.signature, len(prepared.rows), raw)

    async def explain(self, prepared: Prepared, timeout_s: float) -> list[dict[str, Any]]:
        """What each record's features contributed, from the child.

        Raises:
            NotExplainableError: The version cannot say.
            ArmFailedError: As in `ask`.
        """
        raw = await self.client.explanation_of(self.intake.matrix(prepared), timeout_s)
        try:
            return Explanation.unpacked(raw, self.intake.door.signature, len(prepared.rows)).rows()
        except (KeyError, ValueError, IndexError) as error:
            raise ArmFailedError("the version on probation sent nonsense", why=str(error), cause="shape") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSet:
    """All arms of an endpoint at one revision.

    Attributes:
        spec: What the ledger says.
        champion: Answers what no other arm does, and for every arm that fails.
        canaries: Canaries and variants, each in its child.
        shadows: Are given copies, each in its child.
        previous: The version before the champion, in this process, which answers where the champion cannot; None
            where there is none or it is not loaded yet.
        cause: The journal's number of the event that set them (0: none), which a trip names as its cause.
        failed: Name of the arm that `champion` answers for, because that one cannot be started; None: none.
        lots: Which request is whose.
        outside: What answers the requests that take no part in the release; None where all do.
    """

    spec: Arms
    champion: ChampionArm
    canaries: tuple[CanaryArm, ...] = field(default=())
    shadows: tuple[CanaryArm, ...] = field(default=())
    previous: ChampionArm | None = None
    cause: int = 0
    failed: str | None = None
    lots: Lots = field(init=False)
    outside: "ArmSet | None" = field(init=False)
    _by_name: dict[str, CanaryArm] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lots", Lots(self.spec))
        object.__setattr__(self, "outside", self._outside())
        object.__setattr__(self, "_by_name", {canary.spec.name: canary for canary in self.canaries})

    def _outside(self) -> "ArmSet | None":
        """The champion alone, whose figures are no part of the release."""
        if self.spec.cohort is None:
            return None
        alone = msgspec.structs.replace(self.champion.spec, share=1.0)
        spec = msgspec.structs.replace(self.spec, arms=(alone,), release=None, cohort=None)
        champion = replace(self.champion, label=label_of(spec, alone), spec=alone)
        return ArmSet(spec=spec, champion=champion, previous=self.previous, cause=self.cause, failed=self.failed)

    def taking_part(self, asked: list[Pending]) -> list[tuple["ArmSet", list[Pending]]]:
        """The champion's requests, those of the release's cohort apart from those that take no part in it."""
        cohort, outside = self.spec.cohort, self.outside
        if cohort is None or outside is None:
            return [(self, asked)]
        inside: list[Pending] = []
        others: list[Pending] = []
        for pending in asked:
            inputs = pending.rows[0].values if pending.rows else {}
            (inside if in_cohort(cohort, inputs, pending.headers or {}) else others).append(pending)
        return [(arms, part) for arms, part in ((self, inside), (outside, others)) if part]

    @property
    def children(self) -> tuple[CanaryArm, ...]:
        """Every arm that has a child."""
        return (*self.canaries, *self.shadows)

    @property
    def versions(self) -> list[str]:
        """Every version whose bundle is in use."""
        held = [self.champion.spec.version, *(arm.spec.version for arm in self.children)]
        return sorted({*held, *((self.previous.spec.version,) if self.previous else ())})

    @property
    def can_fall_back(self) -> bool:
        """Whether something answers where the champion cannot."""
        return self.previous is not None or self.spec.default is not None

    def key_of(self, pending: Pending) -> str:
        """What a request's lot is drawn by: the release's unit, else the key of the thing predicted, else its id."""
        if not pending.rows:
            return pending.id
        unit = self.spec.unit
        if unit is not None:
            found = pending.rows[0].values.get(unit)
            if found is not None:
                return str(found)
        return self.champion.intake.door.key(pending.rows[0]) or pending.id

    def choose(self, pending: Pending) -> CanaryArm | None:
        """The canary or variant that a request belongs to, or None for the champion.

        One that cannot answer now is passed over: its share is the champion's.
        """
        if not self.canaries:
            return None
        lots = self.lots
        inputs = pending.rows[0].values if pending.rows and lots.by_input else None
        chosen = lots.choose(self.key_of(pending), inputs=inputs, headers=pending.headers)
        canary = self._by_name.get(chosen.name)
        return canary if canary is not None and canary.answers else None

    def mirrored(self, pending: Pending) -> tuple[CanaryArm, ...]:
        """The shadows that get a copy of a request and can take it."""
        drawn = {arm.name for arm in mirrored(self.spec, self.key_of(pending))}
        return tuple(shadow for shadow in self.shadows if shadow.spec.name in drawn)

    def by_version(self, prefix: str) -> ChampionArm | CanaryArm | None:
        """The arm whose version starts with `prefix` (at least 8 characters); no shadow, which answers nobody."""
        arms: tuple[ChampionArm | CanaryArm, ...] = (self.champion, *self.canaries)
        found = [arm for arm in arms if len(prefix) >= 8 and arm.spec.version.startswith(prefix)]
        return found[0] if found else None


def stand_in(arms: Arms, model: Model, intake: Intake) -> ChampionArm:
    """A loaded version as the one that answers where the champion cannot."""
    spec = Arm(name=PREVIOUS, role="champion", version=model.version, share=0.0)
    return ChampionArm(label=label_of(arms, spec), spec=spec, model=model, intake=intake)


def previous_of(arms: Arms, current: ArmSet | None) -> ChampionArm | None:
    """The stand-in that arms name, where it is loaded already: as the champion until now, or as the stand-in."""
    known = (current.champion, current.previous) if current else ()
    found = next((arm for arm in known if arm is not None and arm.spec.version == arms.previous), None)
    return None if found is None else stand_in(arms, found.model, found.intake)
