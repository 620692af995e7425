"""Spans: what happened inside a call, as OpenTelemetry has it. Rows of the table `spans`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.codec import plain, to_json
from loopwright.store.tables import Tables

TABLE = "spans"
SpanKind = Literal["internal", "server", "client", "producer", "consumer"]
SpanStatus = Literal["ok", "error", "unset"]


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
    kind: SpanKind = "internal"
    duration_us: int = 0
    service: str = ""
    status: SpanStatus = "unset"
    attributes: Mapping[str, Any] = {}
    events: Sequence[Mapping[str, Any]] = ()
    session: str = ""
    request_id: str = ""

    def number(self, name: str) -> float | None:
        """An attribute that is a number; None where it is none."""
        value = self.attributes.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, name: str) -> str:
        """An attribute that is text; empty where it is none."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else ""


class SpanRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A span as it is stored: what people search by in columns, all else as JSON text, so that whatever attributes
    programs send, the table keeps its form."""

    at: Micros
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    duration_us: int
    service: str
    status: str
    session: str
    request_id: str
    operation: str
    provider: str
    model: str
    tool: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    attributes: str
    events: str

    @classmethod
    def of(cls, span: Span) -> "SpanRow":
        """The row of a span."""
        spent = [span.number(f"gen_ai.usage.{side}_tokens") for side in ("input", "output")]
        return cls(
            at=span.at, trace_id=span.trace_id, span_id=span.span_id, parent_id=span.parent_id, name=span.name,
            kind=span.kind, duration_us=span.duration_us, service=span.service, status=span.status,
            session=span.session or span.text("gen_ai.conversation.id"), request_id=span.request_id,
            operation=span.text("gen_ai.operation.name"), provider=span.text("gen_ai.provider.name"),
            model=span.text("gen_ai.response.model") or span.text("gen_ai.request.model"),
            tool=span.text("gen_ai.tool.name"),
            input_tokens=None if spent[0] is None else int(spent[0]),
            output_tokens=None if spent[1] is None else int(spent[1]),
            cost_usd=span.number("loopwright.cost_usd"),
            attributes=to_json(span.attributes).decode(), events=to_json(span.events).decode(),
        )  # fmt: skip


def span_of(row: Mapping[str, Any]) -> Span:
    """The span of a stored row."""
    return Span(
        at=row["at"], trace_id=row["trace_id"], span_id=row["span_id"], parent_id=row["parent_id"] or "",
        name=row["name"], kind=row["kind"], duration_us=row["duration_us"], service=row["service"] or "",
        status=row["status"], session=row["session"] or "", request_id=row["request_id"] or "",
        attributes=plain(row["attributes"]), events=tuple(plain(row["events"])),
    )  # fmt: skip


class SpanLog:
    """Writes spans. Safe from several threads."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def append(self, spans: Sequence[Span]) -> None:
        """Keep a batch with one write.

        Raises:
            NoSpaceError, NoPermissionError: None of them were kept.
        """
        self._tables.append(TABLE, [SpanRow.of(span) for span in spans])
