"""The share of requests that break the model's contract, by check; and whether a dataset's landings are refused."""

from typing import TYPE_CHECKING, Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.landings import OneLanding, landed_since
from loopwright.app.monitor.measures.logged_requests import NO_REQUESTS, NOT_LOGGED, by_period, is_logged, share_of
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.core.clock import Micros
from loopwright.errors import RequestRefusedError
from loopwright.monitoring.period_figure import PeriodFigure, share_figure
from loopwright.monitoring.rules.data_quality import DataQualityRule

if TYPE_CHECKING:
    import polars as pl

_NAMED = 8


class DataQualityMeasure:
    """Satisfies `Measure[DataQualityRule]`."""

    def begin(self, rule: DataQualityRule, look: Look) -> Any:
        """Where in the journal to go on from."""
        return None if rule.of is None else landed_since(look, rule.of, None).memory

    def read(self, rule: DataQualityRule, look: Look, span: Span) -> Measured:
        """Requests of each period. Of landings the newest one: a good one counts until there is another.

        A refused one counts once, so that an alarm that a person has ended stays ended.
        """
        if rule.of is not None:
            found = landed_since(look, rule.of, span.memory)
            figure = _landing(span, found.newest(span))
            return Measured(figures={"": (figure,)}, memory=found.left(span, newest=True))
        if not is_logged(look):
            return Measured(figures={"": (PeriodFigure(at=span.until - span.period, reason=NOT_LOGGED),)})
        figures = [_requests(at, rows) for at, rows in by_period(look, span, ("status", "error", "flags"))]
        return Measured(figures={"": tuple(figures)})


def _landing(span: Span, newest: OneLanding | None) -> PeriodFigure:
    at = span.until - span.period
    if newest is None:
        return PeriodFigure(at=at, reason="nothing has landed or been refused since it is watched")
    if not newest.refused:
        return PeriodFigure(at=at, value=0.0, n=1)
    broken = sorted(newest.broken.items(), key=lambda one: -one[1])[:_NAMED]
    words = "; ".join(f"{rule} broken by {rows} rows" if rows else rule for rule, rows in broken)
    if newest.at < span.since:
        return PeriodFigure(at=at, reason=f"nothing has landed since one was refused: {words}")
    columns = tuple(dict.fromkeys(rule.split(":")[0] for rule, _ in broken))
    return PeriodFigure(
        at=at, value=1.0, n=1, reason=words, parts={rule: float(rows) for rule, rows in broken}, named=columns
    )


def _requests(at: Micros, rows: "pl.DataFrame") -> PeriodFigure:
    """A request is bad once, however many checks it breaks; one that was refused is, too, and its checks are
    unknown."""
    import polars as pl

    if not rows.height:
        return PeriodFigure(at=at, reason=NO_REQUESTS)
    flags = pl.col("flags")
    if not isinstance(rows.schema["flags"], pl.List):  # no row has any
        flags = pl.lit(None, dtype=pl.List(pl.String))
    asked = rows.with_columns(
        flags.cast(pl.List(pl.String)).alias("flags"),
        (pl.col("error").cast(pl.String) == RequestRefusedError.code).fill_null(False).alias("_refused"),
    )
    broken = asked.select(pl.col("_refused") | (pl.col("flags").list.len().fill_null(0) > 0)).to_series()
    total, n = share_of(asked, broken)
    whole = float(asked["weight"].sum())
    flagged = asked.filter(pl.col("flags").list.len() > 0).select("weight", "flags").explode("flags")
    counted = flagged.group_by("flags").agg(pl.col("weight").sum()).sort("weight", "flags", descending=[True, False])
    shares = {str(check): float(weight) / whole for check, weight in counted.iter_rows()}
    refused = float(asked.filter("_refused")["weight"].sum())
    if refused:
        shares["refused"] = refused / whole
    columns = tuple(dict.fromkeys(check.split(":")[0] for check in shares if check != "refused"))[:_NAMED]
    return share_figure(at, total, n, why_none=NO_REQUESTS, parts=shares, named=columns)
