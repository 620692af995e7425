"""Rows of the request log by period, with how many requests each stands for."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.measure import Span
from loopwright.core.clock import Micros
from loopwright.observations.request_log import TABLE, without_shadows

if TYPE_CHECKING:
    import polars as pl

NOT_LOGGED = "log_sample is 0: no request is logged"
NO_REQUESTS = "no request came"


def by_period(look: Look, span: Span, columns: Sequence[str]) -> Iterator[tuple[Micros, "pl.DataFrame"]]:
    """Each period's rows of the endpoint, with `columns` and `weight` (a float, 1 where nothing was sampled).

    One scan reads the span, and only these columns of it.
    """
    import polars as pl

    wanted = list(dict.fromkeys([*columns, "at", "endpoint", "shadow_of", "weight"]))
    frame = look.workspace.stores.tables.scan(TABLE, columns=wanted, since=span.since, until=span.until)
    if frame.height:
        frame = without_shadows(frame).filter(pl.col("endpoint") == look.loop.name)
        frame = frame.with_columns(
            pl.col("weight").cast(pl.Float64).fill_null(1.0), ((pl.col("at") - span.since) // span.period).alias("_no")
        )
    for number, at in enumerate(span.periods()):
        yield at, frame.filter(pl.col("_no") == number) if frame.height else frame


def is_logged(look: Look) -> bool:
    """Whether requests are logged at all."""
    return look.workspace.settings.number("log_sample") > 0


def weight_of(rows: "pl.DataFrame") -> int:
    """How many requests the rows stand for."""
    return round(float(rows["weight"].sum())) if rows.height else 0


def share_of(rows: "pl.DataFrame", counts: "pl.Series") -> tuple[float, int]:
    """How many of how many rows count, such that the share is that of the requests they stand for.

    Rows of a sampled log that stand for a hundred requests say no more than one row does: where weights differ, the
    number of rows is the effective one (Kish 1965).

    Args:
        rows: (n,) rows with `weight`.
        counts: (n,) bool.
    """
    weights = rows["weight"].to_numpy()
    whole = float(weights.sum())
    if whole <= 0:
        return 0.0, 0
    effective = whole**2 / float((weights**2).sum())
    n = max(int(effective + 1e-9), 1)
    return float(weights[counts.to_numpy()].sum()) / whole * n, n
