"""Rules on what the endpoint tends to say: it flags 40 % instead of 2 %."""

from typing import Unpack

from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import MeasuredRule, Options, Watched, between, check_share, checked

Said = str | int | bool


class BehaviourRule(MeasuredRule, frozen=True, kw_only=True, tag="behaviour"):
    """Watch the share of answers that say one thing, whichever version gave them.

    Attributes:
        of: The class; `positive` for the second of a binary model's classes.
        at_least, at_most: Bounds on the share; where there are none, what is usual counts.
        min_count: Answers under which nothing is said.
    """

    of: Said = "positive"
    at_least: float | None = None
    at_most: float | None = None
    min_count: int = 50

    @property
    def name(self) -> str:
        """Stable within a loop."""
        bounds = between(self.at_most, self.at_least)
        return f"behaviour({self.of}{', ' + bounds if bounds else ''})"

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The share."""
        return (
            Watched(
                form="share",
                at_least=self.at_least,
                at_most=self.at_most,
                scale="share",
                min_count=self.min_count,
            ),
        )


def behaviour(
    of: Said = "positive",
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    min_count: int = 50,
    **options: Unpack[Options],
) -> BehaviourRule:
    """Watch how often the endpoint says one thing: `lw.watch.behaviour("positive", at_most=0.1)`; see `BehaviourRule`.

    Raises:
        UsageError: A bound is not inside (0, 1), they leave nothing between them, or an option cannot hold.
    """
    low, high = check_share(at_least, "at_least"), check_share(at_most, "at_most")
    if low is not None and high is not None and low >= high:
        raise UsageError(f"at_least={low} is not under at_most={high}", fix="Exchange them.")
    every = "1h" if low is None and high is None else "5m"
    return BehaviourRule(of=of, at_most=high, at_least=low, min_count=min_count, **checked(options, every=every))
