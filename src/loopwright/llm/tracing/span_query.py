"""What a search for traces asks."""

import msgspec

from loopwright.core.clock import Micros


class SpanQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a trace must hold to be found: one span each of whose named properties is as said.

    Attributes:
        since: First time.
        until: Time that is no longer in.
        service: `service.name`.
        session: The conversation.
        operation: As `chat`, `execute_tool`, `retrieval`.
        model: The model.
        tool: The tool.
        name: Part of a span's name.
        text: Part of its attributes' JSON text, in any case.
        status: `error` or `ok`.
        longer_than_us: Spans that took longer.
        costlier_than_usd: Spans that cost more.
        limit: Traces, newest first.
    """

    since: Micros | None = None
    until: Micros | None = None
    service: str = ""
    session: str = ""
    operation: str = ""
    model: str = ""
    tool: str = ""
    name: str = ""
    text: str = ""
    status: str = ""
    longer_than_us: int = 0
    costlier_than_usd: float = 0.0
    limit: int = 50
