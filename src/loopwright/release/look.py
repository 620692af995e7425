"""One look at a release: what a strategy decides on, and what it decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.release.plan import ReleasePlan
from loopwright.release.rules import ErrorGuard, Guard, MetricGuard
from loopwright.release.span import duration, in_words
from loopwright.release.state import ReleaseState

_BY_LABELS = ("quality", "ranking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The release as it stands, with all evidence taken in.

    Attributes:
        plan: The release.
        state: Its state, nothing decided yet.
        verdicts: By candidate, one a guard of the stage.
        tripped: Why a breaker has stopped a candidate, by its name.
        now: The workspace's time.
    """

    plan: ReleasePlan
    state: ReleaseState
    verdicts: dict[str, tuple[Verdict, ...]]
    tripped: dict[str, str]
    now: Micros

    @property
    def guards(self) -> Sequence[Guard]:
        """The guards of the stage."""
        return self.plan.stages[self.state.stage].guards

    @property
    def overdue(self) -> tuple[str, ...]:
        """In words that the time is up; empty while it is not."""
        longest = duration("max_time", self.plan.stages[self.state.stage].max_time)
        if self.now - self.state.stage_since >= longest:
            return (f"no decision within {in_words(longest)}",)
        if self.plan.limit is not None and self.now - self.state.started_at >= self.plan.limit:
            return (f"no decision within {in_words(self.plan.limit)}",)
        return ()

    def harms(self, arm: str) -> tuple[str, ...]:
        """What speaks for taking an arm out at once, in words."""
        found = (f"{verdict.check}: {verdict.reason}" for verdict in self.verdicts[arm] if _is(verdict, Outcome.FAIL))
        stopped = (f"a breaker has stopped the candidate: {self.tripped[arm]}",) if arm in self.tripped else ()
        return (*stopped, *found)

    def wanting(self, least: int, time: Micros) -> tuple[str, ...]:
        """What the step still lacks of requests and time, in words."""
        missing = []
        if self.state.step_requests < least:
            missing.append(f"{least - self.state.step_requests} more requests at this step")
        if self.now - self.state.step_since < time:
            missing.append(f"{in_words(time - (self.now - self.state.step_since))} more at this step")
        return tuple(missing)

    def unproven(self, arm: str, place: Literal["step", "last_beside", "last"]) -> tuple[str, ...]:
        """The guards that stand between the arm and the next step, in words.

        Args:
            arm: Whose.
            place: `step` has others after it; `last_beside` is the last one at which the champion still has traffic of
                its own to compare with; `last` ends in a promotion.
        """
        return tuple(
            f"{verdict.check}: {verdict.reason}"
            for guard, verdict in zip(self.guards, self.verdicts[arm], strict=True)
            if not _passed(guard, verdict, place)
        ) + self._shifted(arm)

    def _shifted(self, arm: str) -> tuple[str, ...]:
        """Outputs that have shifted hold, until every guard by labels that there is has passed."""
        warned = [v.check for v in self.verdicts[arm] if v.outcome == Outcome.WARN]
        by_labels = [v for v in self.verdicts[arm] if v.check.rpartition("/")[2] in _BY_LABELS]
        if not warned or (by_labels and all(v.outcome == Outcome.PASS for v in by_labels)):
            return ()
        return (f"{' and '.join(warned)} have shifted, and labels have not yet shown that the quality holds",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a strategy decides.

    Attributes:
        decision: As `Judgement.decision`; a pause and a freeze come after it.
        state: The new state.
        reasons: In words, the decisive one first.
        harm: Whether it takes traffic away from a candidate, which neither a pause nor a freeze forbids.
    """

    decision: Literal["advance", "hold", "rollback", "promote", "inconclusive"]
    state: ReleaseState
    reasons: tuple[str, ...]
    harm: bool = False


def _passed(guard: Guard, verdict: Verdict, place: str) -> bool:
    if guard.required == "never" or verdict.outcome == Outcome.PASS:
        return True
    if place == "last":
        return False
    strict = place == "last_beside" and isinstance(guard, ErrorGuard | MetricGuard)
    if strict:
        return False
    return guard.required == "last_step" or bool(verdict.details.get("step"))


def _is(verdict: Verdict, outcome: Outcome) -> bool:
    return verdict.outcome == outcome
