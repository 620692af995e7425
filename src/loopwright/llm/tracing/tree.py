"""A trace as a tree: every span below the one that it is part of, in the order in which they began."""

from collections.abc import Sequence

import msgspec

from loopwright.core.clock import Micros
from loopwright.llm.spans import Span


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One span in its place.

    Attributes:
        span: The span.
        depth: 0 for a root.
        after_us: From the trace's first beginning to its own.
    """

    span: Span
    depth: int
    after_us: int


def tree(spans: Sequence[Span]) -> tuple[Branch, ...]:
    """The spans of one trace, each after the one that it is part of.

    A span whose parent is not among them is a root; so is one of a ring of spans that are part of one another, which
    broken programs send.
    """
    known = {span.span_id: span for span in spans}
    below: dict[str, list[Span]] = {}
    for span in sorted(known.values(), key=_order):
        parent = span.parent_id if span.parent_id in known and span.parent_id != span.span_id else ""
        below.setdefault(parent, []).append(span)
    begin: Micros = min((span.at for span in spans), default=0)
    placed: dict[str, Branch] = {}
    _place(below.get("", []), below, placed, begin=begin)
    for span in sorted(known.values(), key=_order):
        if span.span_id not in placed:
            _place([span], below, placed, begin=begin)
    return tuple(placed.values())


def _place(roots: Sequence[Span], below: dict[str, list[Span]], placed: dict[str, Branch], *, begin: Micros) -> None:
    waiting = [(span, 0) for span in reversed(roots)]
    while waiting:
        span, depth = waiting.pop()
        if span.span_id in placed:
            continue
        placed[span.span_id] = Branch(span=span, depth=depth, after_us=span.at - begin)
        waiting += [(one, depth + 1) for one in reversed(below.get(span.span_id, []))]


def _order(span: Span) -> tuple[Micros, str]:
    return span.at, span.span_id
