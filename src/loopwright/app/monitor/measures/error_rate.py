"""The share of requests that the service failed."""

from typing import TYPE_CHECKING, Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.logged_requests import NO_REQUESTS, NOT_LOGGED, by_period, is_logged, weight_of
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.app.monitor.measures.worker_files import counted
from loopwright.core.clock import Micros
from loopwright.errors import OverloadedError
from loopwright.monitoring.period_figure import PeriodFigure, share_figure
from loopwright.monitoring.rules.error_rate import ErrorRateRule

if TYPE_CHECKING:
    import polars as pl


class ErrorRateMeasure:
    """Satisfies `Measure[ErrorRateRule]`.

    A request that is refused because too many wait is not logged, since that would make it worse. The workers count
    these; what was counted since the look before belongs to the newest period.
    """

    def begin(self, rule: ErrorRateRule, look: Look) -> Any:  # noqa: ARG002 - the form of measures
        """The workers' count so far."""
        return {"overloaded": _overloaded(look)}

    def read(self, rule: ErrorRateRule, look: Look, span: Span) -> Measured:  # noqa: ARG002 - the same
        """Of rows that a sampled log keeps, each as often as it stands for."""
        if not is_logged(look):
            return Measured(
                figures={"": (PeriodFigure(at=span.until - span.period, reason=NOT_LOGGED),)}, memory=span.memory
            )
        now = _overloaded(look) if span.newest else float((span.memory or {}).get("overloaded", 0.0))
        more = max(now - float((span.memory or {}).get("overloaded", now)), 0.0)
        newest = span.until - span.period
        figures = [
            _figure(at, rows, refused=round(more) if at == newest else 0)
            for at, rows in by_period(look, span, ("status", "error"))
        ]
        return Measured(figures={"": tuple(figures)}, memory={"overloaded": now})


def _figure(at: Micros, rows: "pl.DataFrame", *, refused: int) -> PeriodFigure:
    import polars as pl

    failed: dict[str, float] = {OverloadedError.code: float(refused)} if refused else {}
    if rows.height:
        wrong = rows.filter(pl.col("status") >= 500).with_columns(pl.col("error").cast(pl.String).fill_null("other"))
        for code, weight in wrong.group_by("error").agg(pl.col("weight").sum()).iter_rows():
            failed[code] = failed.get(code, 0.0) + float(weight)
    n = weight_of(rows) + refused
    total = min(round(sum(failed.values())), n)
    shares = {code: count / n for code, count in sorted(failed.items(), key=lambda one: -one[1])} if n else {}
    return share_figure(at, total, n, why_none=NO_REQUESTS, parts=shares)


def _overloaded(look: Look) -> float:
    """How many requests of this endpoint the workers have ever turned away."""
    return sum(
        value
        for labels, value in counted(look.workspace.home, "loopwright_failures")
        if len(labels) == 5 and labels[0] == look.loop.name and labels[4] == OverloadedError.code
    )
