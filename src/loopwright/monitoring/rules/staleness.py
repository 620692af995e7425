"""Rules on how old feature values are when a request is answered."""

from typing import Protocol, Unpack

from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import (
    MeasuredRule,
    Options,
    Watched,
    check_share,
    checked,
    duration,
    span_text,
)


class NamedView(Protocol):
    """A feature view, as far as a rule needs one."""

    @property
    def name(self) -> str: ...


class StalenessRule(MeasuredRule, frozen=True, kw_only=True, tag="staleness"):
    """Watch the share of requests whose entity had no row of a feature view, or none young enough.

    Attributes:
        view: The feature view's name.
        within: How old the entity's newest row may be at the request's event time, in microseconds.
        at_most: The share of requests that may have an older one or none; where None, what is usual counts.
        min_count: Requests under which nothing is said.
    """

    view: str
    within: Micros
    at_most: float | None = 0.05
    min_count: int = 20

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"staleness({self.view}, {span_text(self.within)})"

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The share."""
        return (Watched(form="share", at_most=self.at_most, scale="share", min_count=self.min_count),)


def staleness(
    view: NamedView | str,
    within: str,
    *,
    at_most: float | None = 0.05,
    min_count: int = 20,
    **options: Unpack[Options],
) -> StalenessRule:
    """Watch the age of a view's values at serving: `lw.watch.staleness(congestion, within="1h")`; see `StalenessRule`.

    Raises:
        UsageError: No view is named, `within` is no duration, the share not inside (0, 1), or an option cannot hold.
    """
    name = view if isinstance(view, str) else view.name
    if not name:
        raise UsageError("staleness() names no feature view", fix="Pass the lw.FeatureView, or its name.")
    return StalenessRule(
        view=name,
        within=duration(within, "within"),
        at_most=check_share(at_most, "at_most"),
        min_count=min_count,
        **checked(options, every="5m" if at_most is not None else "1h"),
    )
