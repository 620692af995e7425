"""`lw.Retraining`: the triggers of a loop, what it learns from, and the brakes that hold for all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from loopwright.app.retraining.budget import Budget, Price, parse_budget, parse_price
from loopwright.app.retraining.triggers import Trigger, duration
from loopwright.app.retraining.window import DataWindow, Growing
from loopwright.core.clock import SECOND, Micros
from loopwright.errors import UsageError
from loopwright.release.freeze import Freeze

Mode = Literal["run", "suggest"]


@dataclass(frozen=True, slots=True)
class Retraining:
    """How a loop trains again.

    Args:
        on: The triggers.
        window: Which rows it learns from, in every run of the loop: `lw.growing()`, `lw.sliding("90d")`,
            `lw.decayed(half_life="60d")` or `lw.since_change_point()`.
        mode: `run`, or `suggest`: nothing is trained, a suggestion with the command to type is kept instead.
        cooldown: The least time between two retrains, whatever started them; the trigger's own where that is longer.
        max_per_day: How many retrains may lie within a day, whatever started them.
        budget: What retrains may cost, as `20 USD/month` or `10h/week`, or several of them.
        price: What training costs, as `1.20 USD/h` or `0.50 USD/run`; the setting `training_price` where it is empty.
        at_most: How long one retrain may take, after which it is stopped; what its steps have finished stays.
        freeze: Windows in which none starts.

    Raises:
        UsageError: A duration, a budget, a price or the mode cannot be read.
    """

    on: Sequence[Trigger] = ()
    window: DataWindow = Growing()  # noqa: RUF009 - frozen and without fields
    mode: Mode = "run"
    cooldown: str = "0s"
    max_per_day: int | None = None
    budget: str | Sequence[str] = ()
    price: str = ""
    at_most: str | None = None
    freeze: Sequence[Freeze] = ()

    def __post_init__(self) -> None:
        if self.mode not in ("run", "suggest"):
            raise UsageError(f"mode={self.mode!r} is none", fix='Write mode="run" or mode="suggest".')
        if self.max_per_day is not None and self.max_per_day < 1:
            raise UsageError(f"max_per_day={self.max_per_day} would never retrain", fix='Write mode="suggest" instead.')
        parse_price(self.price)
        duration(self.cooldown, "cooldown")
        duration(self.at_most or "1s", "at_most")
        for text in self._budgets():
            parse_budget(text)

    def __iter__(self) -> Iterator[Trigger]:
        return iter(self.on)

    @property
    def cooldown_us(self) -> Micros:
        """The least time between two retrains."""
        return duration(self.cooldown, "cooldown")

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """All budgets."""
        return tuple(parse_budget(text) for text in self._budgets())

    @property
    def at_most_s(self) -> float | None:
        """How long one retrain may take, in seconds."""
        return None if self.at_most is None else duration(self.at_most, "at_most") / SECOND

    def price_by(self, setting: str) -> Price | None:
        """What training costs: as declared here, else as the setting says."""
        return parse_price(self.price or setting)

    def _budgets(self) -> tuple[str, ...]:
        return (self.budget,) if isinstance(self.budget, str) else tuple(self.budget)
