"""Finding traces: by what their spans say, within a stretch of time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.llm.spans import TABLE, Span, SpanRow, span_of
from loopwright.llm.tracing.logged_calls import calls_found, calls_of_traces, trace_ids_of_calls, trace_of_call
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.store.tables import Tables

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = SpanRow.__struct_fields__
_TYPES = {
    "at": "Int64",
    "duration_us": "Int64",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "cost_usd": "Float64",
}
_BRIEF = tuple(name for name in _COLUMNS if name not in ("attributes", "events"))


class TraceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One trace in a list.

    Attributes:
        trace_id: Its id.
        at: When its first span began.
        name: Its root's name, or its first span's where the root is elsewhere.
        duration_us: From its first beginning to its last end.
        spans: How many.
        errors: How many of them failed.
        services: Who took part.
        session: The conversation; empty where none is named.
        request_id: The request of this home.
        models: Models that were asked.
        input_tokens: Over all spans that asked a model and hold no other such span.
        output_tokens: The same.
        cost_usd: The same; None where nobody knows.
    """

    trace_id: str
    at: Micros
    name: str
    duration_us: int
    spans: int
    errors: int
    services: tuple[str, ...]
    session: str
    request_id: str
    models: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


def find_traces(tables: Tables, query: SpanQuery) -> tuple[TraceSummary, ...]:
    """Traces with a span as asked for, newest first: those that were sent here, and those of this home's calls.

    Spans that lie outside of the stretch of time count to their trace only where they are in it.
    """
    import polars as pl

    sent = _sent(tables, query)
    calls = calls_found(tables, query)
    latest = dict.fromkeys((span.trace_id for span in calls), 0)
    latest |= {span.trace_id: max(span.at, latest.get(span.trace_id, 0)) for span in calls}
    if sent is not None:
        matched = sent.filter(_matches(query)).group_by("trace_id").agg(pl.col("at").max())
        latest |= {trace: max(at, latest.get(trace, 0)) for trace, at in matched.select("trace_id", "at").iter_rows()}
    newest = [trace for trace, _ in sorted(latest.items(), key=lambda one: (-one[1], one[0]))[: query.limit]]
    whole = _rows(calls_of_traces(tables, newest))
    if sent is not None:
        whole = pl.concat([whole, sent.select(_BRIEF).filter(pl.col("trace_id").is_in(newest))], how="vertical_relaxed")
    if not whole.height:
        return ()
    ordered = whole.unique(["trace_id", "span_id"], keep="first").sort("at", "span_id")
    found = [_summary(part) for part in ordered.partition_by("trace_id", maintain_order=True)]
    return tuple(sorted(found, key=lambda one: (-one.at, one.trace_id)))


def spans_of_trace(tables: Tables, trace_id: str) -> tuple[Span, ...]:
    """Every span of a trace, in the order in which they began; empty where there is none."""
    import polars as pl

    spans = {span.span_id: span for span in calls_of_traces(tables, [trace_id])}
    rows = tables.scan(TABLE, columns=list(_COLUMNS))
    if rows.height:
        ours = rows.filter(pl.col("trace_id") == trace_id)
        spans |= {row["span_id"]: span_of(row) for row in ours.iter_rows(named=True)}
    return tuple(sorted(spans.values(), key=lambda span: (span.at, span.span_id)))


def trace_ids(tables: Tables, beginning: str) -> tuple[str, ...]:
    """The traces whose id begins so, sorted: those that were sent here, and those of this home's calls."""
    import polars as pl

    found = trace_ids_of_calls(tables, beginning)
    rows = tables.scan(TABLE, columns=["trace_id"])
    if rows.height:
        found |= set(rows.filter(pl.col("trace_id").str.starts_with(beginning))["trace_id"])
    return tuple(sorted(found))


def trace_of_request(tables: Tables, request_id: str) -> str | None:
    """The trace that a request of this home belongs to."""
    import polars as pl

    found = trace_of_call(tables, request_id)
    if found is not None:
        return found
    rows = tables.scan(TABLE, columns=["trace_id", "request_id", "at"])
    ours = rows.filter(pl.col("request_id") == request_id) if rows.height else rows
    return str(ours["trace_id"][0]) if ours.height else None


def _sent(tables: Tables, query: SpanQuery) -> "pl.DataFrame | None":
    """Spans that programs sent here; None where there are none."""
    columns = [*_BRIEF, *(["attributes"] if query.text else [])]
    rows = tables.scan(TABLE, columns=columns, since=query.since, until=query.until)
    return rows.unique(["trace_id", "span_id"], keep="first") if rows.height else None


def _rows(spans: Sequence[Span]) -> "pl.DataFrame":
    import polars as pl

    schema = {name: _TYPES.get(name, "String") for name in _BRIEF}
    types = {name: getattr(pl, kind) for name, kind in schema.items()}
    made = [[getattr(row, name) for name in _BRIEF] for row in map(SpanRow.of, spans)]
    return pl.DataFrame(made, schema=types, orient="row")


def _matches(query: SpanQuery) -> "pl.Expr":
    import polars as pl

    asked = pl.lit(value=True)
    for name in ("service", "session", "operation", "model", "tool", "status"):
        if wanted := getattr(query, name):
            asked &= pl.col(name) == wanted
    for name, wanted in (("name", query.name), ("attributes", query.text)):
        if wanted:
            asked &= pl.col(name).str.to_lowercase().str.contains(wanted.lower(), literal=True)
    if query.longer_than_us:
        asked &= pl.col("duration_us") > query.longer_than_us
    if query.costlier_than_usd:
        asked &= pl.col("cost_usd").fill_null(0.0) > query.costlier_than_usd
    return asked


def _summary(rows: "pl.DataFrame") -> TraceSummary:
    """Of one trace's rows, in the order in which they began."""
    import polars as pl

    spans = rows.to_dicts()
    ids = {span["span_id"] for span in spans}
    root = next((span for span in spans if not span["parent_id"]), None) or next(
        (span for span in spans if span["parent_id"] not in ids), spans[0]
    )
    counted = _innermost(spans)
    costs = [span["cost_usd"] for span in counted if span["cost_usd"] is not None]
    begin = int(rows["at"].min() or 0)  # type: ignore[arg-type]
    end = int(rows.select((pl.col("at") + pl.col("duration_us")).max()).item())
    return TraceSummary(
        trace_id=spans[0]["trace_id"],
        at=begin,
        name=root["name"],
        duration_us=end - begin,
        spans=len(spans),
        errors=sum(span["status"] == "error" for span in spans),
        services=_distinct(spans, "service"),
        session=next(iter(_distinct(spans, "session")), ""),
        request_id=next(iter(_distinct(spans, "request_id")), ""),
        models=_distinct(spans, "model"),
        input_tokens=sum(span["input_tokens"] or 0 for span in counted),
        output_tokens=sum(span["output_tokens"] or 0 for span in counted),
        cost_usd=sum(costs) if costs else None,
    )


def _innermost(spans: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Spans with tokens that hold no span with tokens: an agent's span often repeats what its calls took."""
    told = [span for span in spans if span["input_tokens"] is not None or span["cost_usd"] is not None]
    parents = {span["span_id"]: span["parent_id"] for span in spans}
    holding: set[str] = set()
    for span in told:
        above, steps = span["parent_id"], 0
        while above and above not in holding and steps < len(spans):
            holding.add(above)
            above, steps = parents.get(above), steps + 1
    return [span for span in told if span["span_id"] not in holding]


def _distinct(spans: Sequence[dict[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(span[name]) for span in spans if span[name]))
