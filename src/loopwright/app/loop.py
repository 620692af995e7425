"""What a loop file declares: the pipeline, its gate, its release, its monitors, its retraining."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loopwright.app.cron import Cron
from loopwright.app.score import Score
from loopwright.core.clock import Micros, parse_duration
from loopwright.data.dataset import Dataset
from loopwright.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class OnNewData:
    """Retrain once a dataset has grown by `rows` since the champion was trained."""

    dataset: str
    rows: int
    cooldown: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAlert:
    """Retrain when an incident opens, at most once in `cooldown`, at most `max_per_day` a day."""

    cooldown: Micros
    max_per_day: int


Trigger = OnNewData | OnAlert | Cron


def on_new_data(dataset: Dataset, *, rows: int, cooldown: str = "1d") -> OnNewData:
    """Retrain when `rows` new rows have landed in `dataset` since the champion was trained."""
    if rows < 1:
        raise UsageError(f"on_new_data(rows={rows}) needs at least one row")
    return OnNewData(dataset=dataset.name, rows=rows, cooldown=parse_duration(cooldown))


def on_alert(*, cooldown: str = "1d", max_per_day: int = 1) -> OnAlert:
    """Retrain when an incident opens. An alert storm gives one retrain.

    Later alerts within `cooldown` are suppressed.
    """
    return OnAlert(cooldown=parse_duration(cooldown), max_per_day=max_per_day)


@dataclass(frozen=True, slots=True)
class Loop:
    """One machine-learning loop.

    Args:
        name: The model's and the endpoint's name: lower-case letters, digits and `-`.
        pipeline: A function decorated with `@lw.pipeline`; a loop that releases returns an `lw.Candidate` from it.
        gate: Checks that a candidate must pass.
        release: How a version that passed reaches traffic; `None` promotes at once.
        monitor: What is watched while it serves.
        retrain: What starts a new run.
        score: Tables that are scored by a schedule.
        default: What is answered where no version can, such as `{"score": 0.1}` or `{"prediction": "ok"}`.
    """

    name: str
    pipeline: Callable[..., Any]
    gate: Sequence[Any] = ()
    release: Any = None
    monitor: Sequence[Any] = ()
    retrain: Sequence[Trigger] = ()
    score: Sequence[Score] = ()
    default: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.name or not all(c.islower() or c.isdigit() or c == "-" for c in self.name):
            raise UsageError(
                f"{self.name!r} cannot name a loop",
                why="a name has lower-case letters, digits and '-' only, as 'flight-delay'",
            )

    def with_pipeline(self, pipeline: Callable[..., Any]) -> "Loop":
        """The same loop, with the same gate and release, around another pipeline."""
        return replace(self, pipeline=pipeline)
