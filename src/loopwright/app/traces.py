"""Traces of a home: found, shown as a tree, drawn as a page."""

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.tracing.page import trace_page
from loopwright.llm.tracing.search import TraceSummary, find_traces, spans_of_trace, trace_ids, trace_of_request
from loopwright.llm.tracing.span_query import SpanQuery
from loopwright.llm.tracing.tree import Branch, tree

_DIGITS = frozenset("0123456789abcdef")
_LEAST = 6


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """One trace: its spans, each after the one that it is part of."""

    trace_id: str
    spans: tuple[Branch, ...]

    def page(self) -> str:
        """The same as one HTML page."""
        return trace_page(self.spans)


def traces(workspace: Workspace, query: SpanQuery) -> tuple[TraceSummary, ...]:
    """Traces that hold what is asked for, newest first."""
    return find_traces(workspace.stores.tables, query)


def trace_view(workspace: Workspace, named: str) -> TraceView:
    """A trace by its id, the beginning of it (6 digits at least), or the id of a request.

    Raises:
        NotFoundError: There is none.
        UsageError: More than one begins so.
    """
    tables = workspace.stores.tables
    found = trace_of_request(tables, named) if named.startswith("req_") else _whole_id(workspace, named.lower())
    spans = spans_of_trace(tables, found) if found else ()
    if not found or not spans:
        raise NotFoundError(f"there is no trace {named[:80]!r}", fix="Look it up: loopwright span search")
    return TraceView(trace_id=found, spans=tree(spans))


def _whole_id(workspace: Workspace, named: str) -> str | None:
    if len(named) < _LEAST or not set(named) <= _DIGITS:
        return None
    ids = trace_ids(workspace.stores.tables, named)
    if len(ids) > 1:
        raise UsageError(f"{len(ids)} traces begin with {named!r}", fix="Give more of the id.")
    return ids[0] if ids else None
