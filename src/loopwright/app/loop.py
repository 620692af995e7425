"""What a loop file declares: the pipeline, its gate, its release, its monitors, its retraining."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loopwright.app.retraining.retraining import Retraining
from loopwright.app.retraining.triggers import Trigger
from loopwright.app.score import Score
from loopwright.errors import UsageError

if TYPE_CHECKING:
    from loopwright.evals.live_traffic import Live
    from loopwright.llm.application import Application


@dataclass(frozen=True, slots=True)
class Loop:
    """One machine-learning loop.

    Args:
        name: The model's and the endpoint's name: lower-case letters, digits and `-`.
        pipeline: A function decorated with `@lw.pipeline`; a loop that releases returns an `lw.Candidate` from it.
            Beside an application it makes parts of its bundle, as an adapter, and returns them by name.
        gate: Checks that a candidate must pass.
        release: How a version that passed reaches traffic; `None` promotes at once.
        monitor: What is watched while it serves.
        retrain: What starts a new run: triggers, or `lw.Retraining(on=[...], ...)` with brakes and a data window.
        score: Tables that are scored by a schedule.
        default: What is answered where no version can, such as `{"score": 0.1}` or `{"prediction": "ok"}`.
        owner: Who answers for its incidents, as `team-pricing`, where a rule names nobody.
        application: What answers, in a loop of an LLM application.
        live: Which share of an application's answers is judged while it serves, and by what: `lw.evals.live(...)`.
    """

    name: str
    pipeline: Callable[..., Any] | None = None
    gate: Sequence[Any] = ()
    release: Any = None
    monitor: Sequence[Any] = ()
    retrain: Sequence[Trigger] | Retraining = ()
    score: Sequence[Score] = ()
    default: Mapping[str, Any] | None = None
    owner: str | None = None
    application: "Application | None" = None
    live: "Live | None" = None

    def __post_init__(self) -> None:
        if not self.name or not all(c.islower() or c.isdigit() or c == "-" for c in self.name):
            raise UsageError(
                f"{self.name!r} cannot name a loop",
                why="a name has lower-case letters, digits and '-' only, as 'flight-delay'",
            )
        if self.live is not None and self.application is None:
            raise UsageError(
                f"the loop {self.name!r} has live= and no application",
                why="it judges texts; a model's answers are judged by labels",
                fix="Take live= out, and watch lw.performance().",
            )
        if self.pipeline is None and self.application is None:
            raise UsageError(
                f"the loop {self.name!r} makes nothing",
                fix="Give it a pipeline, or an application.",
            )

    @property
    def retraining(self) -> Retraining:
        """How the loop trains again, whichever way it was written."""
        return self.retrain if isinstance(self.retrain, Retraining) else Retraining(on=tuple(self.retrain))

    def with_pipeline(self, pipeline: Callable[..., Any]) -> "Loop":
        """The same loop, with the same gate and release, around another pipeline."""
        return replace(self, pipeline=pipeline)
