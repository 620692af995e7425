"""Spans: what happened inside a call, as OpenTelemetry has it. Rows of the table `spans`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.store.tables import Tables

TABLE = "spans"


class Span(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One span. Names of attributes are OpenTelemetry's GenAI conventions, as `gen_ai.request.model`.

    Attributes:
        at: When it began; the table's time.
        trace_id: 32 hexadecimal digits.
        span_id: 16.
        parent_id: The span that it is part of; empty for a root.
        name: As `chat gpt-5`.
        kind: OpenTelemetry's.
        duration_us: How long it took.
        service: `service.name`.
        status: `ok`, `error` or `unset`.
        attributes: Values are strings, numbers, booleans or lists of them. Content only where it was switched on.
        events: `{"name": …, "at": …, "attributes": {…}}`.
        session: `gen_ai.conversation.id` or what stands for it.
        request_id: The request of this home that it belongs to, if any.
    """

    at: Micros
    trace_id: str
    span_id: str
    name: str
    parent_id: str = ""
    kind: Literal["internal", "server", "client", "producer", "consumer"] = "internal"
    duration_us: int = 0
    service: str = ""
    status: Literal["ok", "error", "unset"] = "unset"
    attributes: Mapping[str, Any] = {}
    events: Sequence[Mapping[str, Any]] = ()
    session: str = ""
    request_id: str = ""


class SpanLog:
    """Writes spans. Safe from several threads."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def append(self, spans: Sequence[Span]) -> None:
        """Keep a batch with one write.

        Raises:
            NoSpaceError, NoPermissionError: None of them were kept.
        """
        self._tables.append(TABLE, spans)
