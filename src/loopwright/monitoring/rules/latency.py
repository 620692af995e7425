"""Rules on how long callers wait."""

from typing import Unpack

from loopwright.core.clock import SECOND, Micros
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import MeasuredRule, Options, Watched, checked, duration, span_text


class LatencyRule(MeasuredRule, frozen=True, kw_only=True, tag="latency"):
    """Watch how long answers took, from receipt to answer.

    Attributes:
        p: Which quantile.
        at_most: Microseconds that this share of answers must keep within; where None, what is usual counts.
        min_count: Answers under which nothing is said.
    """

    p: float = 0.99
    at_most: Micros | None = None
    min_count: int = 100

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"latency(p{self.p * 100:g}{'' if self.at_most is None else ' <= ' + span_text(self.at_most)})"

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The share of answers slower than the bound, or the quantile itself in seconds."""
        if self.at_most is not None:
            return (Watched(form="share", at_most=1.0 - self.p, min_count=self.min_count),)
        return (Watched(min_count=self.min_count, unit="s"),)


def latency(
    p: float = 0.99, *, at_most: str | None = None, min_count: int = 100, **options: Unpack[Options]
) -> LatencyRule:
    """Watch a quantile of the latency: `lw.watch.latency(p=0.99, at_most="50ms")`; see `LatencyRule`.

    With a bound it is judged each minute, by how many answers were slower; without one each hour, against what is
    usual.

    Raises:
        UsageError: The quantile is not inside (0, 1), the bound is no duration, or an option cannot hold.
    """
    if not 0 < p < 1:
        raise UsageError(f"p={p} is no quantile", fix="Give a share between 0 and 1, such as 0.99.")
    bound = None if at_most is None else duration(at_most, "at_most")
    if bound is not None and bound >= 3600 * SECOND:
        raise UsageError(f"at_most={at_most!r} is longer than any request", fix='Write "50ms" or "2s".')
    return LatencyRule(
        p=p, at_most=bound, min_count=min_count, **checked(options, every="1h" if bound is None else "1m")
    )
