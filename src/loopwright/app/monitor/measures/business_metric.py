"""What the answers of a period were worth: rewards from `/feedback`, or a number in the request log."""

from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.logged_requests import NOT_LOGGED, by_period, is_logged, weight_of
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.core.clock import Micros
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.monitoring.rules.business_metric import BusinessMetricRule
from loopwright.observations.labels import latest_worths
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.intervals import normal_quantile

if TYPE_CHECKING:
    import polars as pl

_LEVEL = 0.999
"""Of the intervals that bounds are held against."""


class BusinessMetricMeasure:
    """Satisfies `Measure[BusinessMetricRule]`. A reward belongs to the period in which it became known."""

    def begin(self, rule: BusinessMetricRule, look: Look) -> Any:  # noqa: ARG002 - the form of measures
        """Nothing to remember."""
        return None

    def read(self, rule: BusinessMetricRule, look: Look, span: Span) -> Measured:
        """The mean, and its interval."""
        if rule.logged is not None:
            return Measured(figures={"": tuple(_logged(rule.logged, look, span))})
        requests: dict[Micros, int] = {}
        if rule.per == "request":
            if not is_logged(look):
                return Measured(figures={"": (PeriodFigure(at=span.until - span.period, reason=NOT_LOGGED),)})
            requests = {at: weight_of(rows) for at, rows in by_period(look, span, ("status",))}
        tables, name = look.workspace.stores.tables, look.loop.name
        figures = []
        for at in span.periods():
            until = at + span.period
            worths = latest_worths(tables, name, metric=rule.metric, known_at=until - 1, learned_since=at)
            values = floats(worths["value"].drop_nulls().to_numpy())
            shared = requests[at] if rule.per == "request" else values.size
            figures.append(_mean(at, values, shared, why_none=f"no {rule.metric!r} was sent"))
        return Measured(figures={"": tuple(figures)})


def _logged(path: str, look: Look, span: Span) -> list[PeriodFigure]:
    if not is_logged(look):
        return [PeriodFigure(at=span.until - span.period, reason=NOT_LOGGED)]
    column, _, field = path.partition(".")
    found = by_period(look, span, (column, "status"))
    return [_mean(at, _numbers(rows, column, field), None, why_none=f"no request has {path}") for at, rows in found]


def _numbers(rows: "pl.DataFrame", column: str, field: str) -> Floats:
    """The finite numbers at that place, of answered requests."""
    import polars as pl

    if not rows.height:
        return floats([])
    values = rows.filter(pl.col("status") < 400)[column]
    if field:
        if not isinstance(values.dtype, pl.Struct) or field not in values.struct.fields:
            return floats([])
        values = values.struct.field(field)
    numbers = floats(values.cast(pl.Float64, strict=False).drop_nulls().to_numpy())
    return numbers[np.isfinite(numbers)]


def _mean(at: Micros, values: Floats, shared: int | None, *, why_none: str) -> PeriodFigure:
    """The sum of the values over `shared` things, of which those without a value are worth 0; over the values if
    None."""
    n = values.size if shared is None else max(shared, values.size)
    if n == 0:
        return PeriodFigure(at=at, reason=why_none)
    mean = float(values.sum()) / n
    if n < 2:
        return PeriodFigure(at=at, value=mean, n=n)
    squares = float(((values - mean) ** 2).sum()) + (n - values.size) * mean**2
    half = normal_quantile(_LEVEL) * float(np.sqrt(squares / (n - 1) / n))
    return PeriodFigure(at=at, value=mean, n=n, low=mean - half, high=mean + half)
