"""A release under way, and what was decided about it."""

from typing import Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.verdict import Verdict
from loopwright.errors import ReleaseError
from loopwright.observations.arm_stats import COUNTS, ArmTotals
from loopwright.release.experiment import ExperimentState
from loopwright.release.guards import GuardState
from loopwright.release.routing import Arm

Decision = Literal["advance", "hold", "paused", "rollback", "promote", "inconclusive"]
Status = Literal["running", "promoted", "rolled_back", "inconclusive", "aborted"]


class ArmState(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate's part of a release.

    Attributes:
        requests: What it has answered or failed.
        guards: Evidence by guard.
        dropped: Why it was taken out before the release ended.
    """

    requests: int = 0
    guards: dict[str, GuardState] = {}
    dropped: str | None = None


class ReleaseState(msgspec.Struct, frozen=True, kw_only=True):
    """A release under way, or ended. JSON by msgspec; `format` is the version of its form.

    Attributes:
        status: Whether it goes on.
        stage: Which of the plan's strategies, from 0.
        step: Which step of that strategy, from 0.
        started_at: When the release began, by the workspace's clock.
        stage_since: When the stage began, later by every pause since.
        step_since: The same of the step.
        step_requests: What the candidates have answered or failed in this step.
        requests: The same, over the release.
        labels: Labelled requests compared, over the release.
        champion: The champion's counts over the release.
        arms: The candidates by name.
        experiment: What is known of the metric, in an A/B test and a bandit.
        winner: The arm that was promoted.
        paused_at: Since when nothing but harm is acted on.
    """

    status: Status = "running"
    stage: int = 0
    step: int = 0
    started_at: Micros
    stage_since: Micros
    step_since: Micros
    step_requests: int = 0
    requests: int = 0
    labels: int = 0
    champion: ArmTotals
    arms: dict[str, ArmState]
    experiment: ExperimentState | None = None
    winner: str | None = None
    paused_at: Micros | None = None
    format: int = 2

    @property
    def standing(self) -> tuple[str, ...]:
        """The candidates that have not been dropped."""
        return tuple(name for name, arm in self.arms.items() if arm.dropped is None)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done.

    Attributes:
        decision: advance (the arms change), hold, paused (held by a person), rollback and inconclusive (champion kept,
            candidates at zero), promote (the winner becomes champion).
        state: The new state.
        arms: Who answers from now on, and who gets copies: one champion, and what stands beside it.
        reasons: In words, the decisive one first.
        verdicts: One a guard, of each candidate.
    """

    decision: Decision
    state: ReleaseState
    arms: tuple[Arm, ...]
    reasons: tuple[str, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def share(self) -> float:
        """What part of the traffic the candidates answer from now on; all of it once one is promoted."""
        if self.decision == "promote":
            return 1.0
        return sum(arm.share for arm in self.arms if arm.role in ("canary", "variant"))


def paused(state: ReleaseState, now: Micros) -> ReleaseState:
    """The state in which shares stay as they are, and only harm is acted on.

    Raises:
        ReleaseError: The release has ended or is paused already.
    """
    if state.status != "running" or state.paused_at is not None:
        raise ReleaseError("the release cannot be paused", why=f"it is {_standing(state)}")
    return msgspec.structs.replace(state, paused_at=now)


def resumed(state: ReleaseState, now: Micros) -> ReleaseState:
    """The state that goes on; the pause counts for no step and no limit of time.

    Raises:
        ReleaseError: The release is not paused.
    """
    if state.status != "running" or state.paused_at is None:
        raise ReleaseError("the release cannot be resumed", why=f"it is {_standing(state)}")
    gone = now - state.paused_at
    return msgspec.structs.replace(
        state, paused_at=None, stage_since=state.stage_since + gone, step_since=state.step_since + gone
    )


def added(one: ArmTotals, other: ArmTotals) -> ArmTotals:
    """Both counts together."""
    pairs = zip(one.latency_us_buckets, other.latency_us_buckets, strict=True)
    counts = {name: getattr(one, name) + getattr(other, name) for name in COUNTS}
    return ArmTotals(**counts, latency_us_buckets=tuple(a + b for a, b in pairs))


def _standing(state: ReleaseState) -> str:
    return "paused" if state.status == "running" and state.paused_at is not None else state.status
