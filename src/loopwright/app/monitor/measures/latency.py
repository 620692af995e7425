"""How long answers took: the share of slow ones, or the quantile."""

from typing import TYPE_CHECKING, Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.logged_requests import NOT_LOGGED, by_period, is_logged, share_of
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.core.clock import SECOND, Micros
from loopwright.monitoring.period_figure import PeriodFigure, share_figure
from loopwright.monitoring.rules.latency import LatencyRule

if TYPE_CHECKING:
    import polars as pl

_NONE = "no request was answered"


class LatencyMeasure:
    """Satisfies `Measure[LatencyRule]`."""

    def begin(self, rule: LatencyRule, look: Look) -> Any:  # noqa: ARG002 - the form of measures
        """Nothing to remember."""
        return None

    def read(self, rule: LatencyRule, look: Look, span: Span) -> Measured:
        """Of answers with a status under 400."""
        if not is_logged(look):
            return Measured(figures={"": (PeriodFigure(at=span.until - span.period, reason=NOT_LOGGED),)})
        figures = [_figure(rule, at, rows) for at, rows in by_period(look, span, ("status", "latency_us"))]
        return Measured(figures={"": tuple(figures)})


def _figure(rule: LatencyRule, at: Micros, rows: "pl.DataFrame") -> PeriodFigure:
    import polars as pl

    if not rows.height:
        return PeriodFigure(at=at, reason=_NONE)
    good = rows.filter((pl.col("status") < 400) & pl.col("latency_us").is_not_null())
    if not good.height:
        return PeriodFigure(at=at, reason=_NONE)
    ordered = good.sort("latency_us")
    so_far = ordered["weight"].cum_sum()
    reached = ordered["latency_us"].filter(so_far >= rule.p * float(so_far[-1]) - 1e-9)
    quantile = float(reached[0]) / SECOND
    slow, n = share_of(good, good["latency_us"] > (rule.at_most or 0))
    if rule.at_most is None:
        return PeriodFigure(at=at, value=quantile, n=n)
    return share_figure(at, slow, n, why_none=_NONE, parts={f"p{rule.p * 100:g}_s": quantile})
