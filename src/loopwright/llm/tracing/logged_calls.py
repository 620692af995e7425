"""Calls of the request log as spans: those that a search asks for, and those of given traces."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.codec import plain
from loopwright.llm.spans import Span
from loopwright.llm.tracing.calls import FIELDS, SERVICE, spans_of_call
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.observations.request_log import TABLE
from loopwright.store.tables import Tables

if TYPE_CHECKING:
    import polars as pl

_LOOKED_AT = tuple(name for name in FIELDS if name not in ("inputs", "output"))
_OWN = frozenset({"", "chat", "text_completion", "embeddings", "retrieval"})


def calls_found(tables: Tables, query: SpanQuery) -> tuple[Span, ...]:
    """The spans of the newest calls that are what is asked for."""
    if query.service not in ("", SERVICE) or query.tool or query.operation not in _OWN:
        return ()
    rows = _calls(tables, _LOOKED_AT, since=query.since, until=query.until)
    if rows is None:
        return ()
    found = rows.filter(_matches(query)).sort("at", descending=True).head(query.limit)
    return _spans(found)


def calls_of_traces(tables: Tables, traces: Sequence[str]) -> tuple[Span, ...]:
    """The spans of every call of these traces, with its content where it was kept."""
    import polars as pl

    rows = _calls(tables, FIELDS) if traces else None
    return () if rows is None else _spans(rows.filter(pl.col("trace_id").is_in(list(traces))))


def trace_of_call(tables: Tables, request_id: str) -> str | None:
    """The trace that a call belongs to."""
    import polars as pl

    rows = _calls(tables, ("request_id", "trace_id"))
    ours = None if rows is None else rows.filter(pl.col("request_id") == request_id)["trace_id"].drop_nulls()
    return str(ours[0]) if ours is not None and len(ours) else None


def trace_ids_of_calls(tables: Tables, beginning: str) -> set[str]:
    """The traces of calls whose id begins so."""
    import polars as pl

    rows = _calls(tables, ("trace_id",))
    return set() if rows is None else set(rows.filter(pl.col("trace_id").str.starts_with(beginning))["trace_id"])


def _calls(
    tables: Tables, columns: Sequence[str], *, since: Micros | None = None, until: Micros | None = None
) -> "pl.DataFrame | None":
    """Rows of applications; None where there are none."""
    import polars as pl

    wanted = list(dict.fromkeys([*columns, "operation", "trace_id"]))
    rows = tables.scan(TABLE, columns=wanted, since=since, until=until)
    if not rows.height:
        return None
    ours = rows.filter(pl.col("operation").is_not_null() & pl.col("trace_id").is_not_null())
    return ours if ours.height else None


def _matches(query: SpanQuery) -> "pl.Expr":
    import polars as pl

    asked = pl.lit(value=True)
    for name, wanted in (("session", query.session), ("model", query.model)):
        if wanted:
            asked &= pl.col(name).cast(pl.String) == wanted
    if query.status:
        failed = pl.col("status") >= 500
        asked &= failed if query.status == "error" else ~failed
    if query.name:
        names = pl.concat_str("endpoint", pl.col("model").cast(pl.String), separator=" ", ignore_nulls=True)
        asked &= names.str.to_lowercase().str.contains(query.name.lower(), literal=True)
    if query.text:
        texts = [
            pl.col(name).cast(pl.String) for name in ("endpoint", "model", "error", "feature", "finish", "upstream")
        ]
        told = pl.concat_str(*texts, pl.col("request_id"), separator=" ", ignore_nulls=True)
        asked &= told.str.to_lowercase().str.contains(query.text.lower(), literal=True)
    if query.longer_than_us:
        asked &= pl.col("latency_us") > query.longer_than_us
    if query.costlier_than_usd:
        asked &= pl.col("cost_usd").cast(pl.Float64).fill_null(0.0) > query.costlier_than_usd
    return asked


def _spans(rows: "pl.DataFrame") -> tuple[Span, ...]:
    return tuple(span for row in rows.iter_rows(named=True) for span in spans_of_call(_read(row)))


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose objects are objects, also where the table keeps them as JSON text."""
    said = dict(row)
    for name in ("inputs", "output", "guards", "passages"):
        value = said.get(name)
        if isinstance(value, str):
            try:
                said[name] = plain(value)
            except msgspec.MsgspecError:
                said[name] = None
    return said
