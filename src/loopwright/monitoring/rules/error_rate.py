"""Rules on requests that got no answer."""

from typing import Unpack

from loopwright.monitoring.rules.measured import MeasuredRule, Options, Watched, between, check_share, checked


class ErrorRateRule(MeasuredRule, frozen=True, kw_only=True, tag="error_rate"):
    """Watch the share of requests that the service failed: a status of 500 or more, or too many requests at once.

    A request that breaks the contract is the caller's error and is not among them; see `data_quality`.

    Attributes:
        at_most: The share; where None, what is usual counts.
        min_count: Requests under which nothing is said.
    """

    at_most: float | None = None
    min_count: int = 20

    @property
    def name(self) -> str:
        """Stable within a loop."""
        bound = between(self.at_most, None)
        return f"error_rate({bound})" if bound else "error_rate"

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The share."""
        return (Watched(form="share", at_most=self.at_most, scale="share", min_count=self.min_count),)


def error_rate(*, at_most: float | None = None, min_count: int = 20, **options: Unpack[Options]) -> ErrorRateRule:
    """Watch the share of failed requests: `lw.watch.error_rate(at_most=0.01)`; see `ErrorRateRule`.

    Raises:
        UsageError: The bound is not inside (0, 1), or an option cannot hold.
    """
    every = "1h" if at_most is None else "1m"
    return ErrorRateRule(at_most=check_share(at_most, "at_most"), min_count=min_count, **checked(options, every=every))
