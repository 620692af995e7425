"""What the journal says of a dataset's landings: how many rows came, and what was refused and why."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.app.monitor.incidents import champion_event
from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.measure import Span
from loopwright.core.clock import Micros
from loopwright.core.events import Event

_PAGE = 5_000
_KINDS = ("dataset_landed", "dataset_refused")


class OneLanding(msgspec.Struct, frozen=True, kw_only=True):
    """One landing that was taken, with its rows, or refused, with the rules that it broke and by how many rows."""

    at: Micros
    rows: int = 0
    refused: bool = False
    broken: dict[str, int] = {}


class Landings(msgspec.Struct, frozen=True, kw_only=True):
    """The landings of a dataset that no period has counted yet, oldest first.

    Attributes:
        found: The landings.
        after: The journal's last event that was read.
    """

    found: tuple[OneLanding, ...] = ()
    after: int = 0

    @property
    def memory(self) -> Any:
        """As plain JSON."""
        return msgspec.to_builtins(self)

    def rows(self, span: Span) -> dict[Micros, int]:
        """Rows that landed in each period."""
        counts = dict.fromkeys(span.periods(), 0)
        for one in self.found:
            at = span.since + (one.at - span.since) // span.period * span.period
            if at in counts:
                counts[at] += one.rows
        return counts

    def newest(self, span: Span) -> OneLanding | None:
        """The last one before the span's end."""
        return next((one for one in reversed(self.found) if one.at < span.until), None)

    def left(self, span: Span, *, newest: bool = False) -> Any:
        """The memory once the span has been counted; `newest` keeps the last landing in it."""
        later = tuple(one for one in self.found if one.at >= span.until)
        last = self.newest(span) if newest else None
        return Landings(found=(*((last,) if last else ()), *later), after=self.after).memory


def landed_since(look: Look, dataset: str, memory: Any) -> Landings:
    """What is remembered, and what the journal has had to say since; nothing of before the champion where new."""
    ledger = look.workspace.stores.ledger
    known = msgspec.convert(memory, Landings) if memory else None
    if known is None:
        caused = champion_event(look.workspace, look.loop.name, look.version)
        known = Landings(after=caused[0] if caused else 0)
    found, after = list(known.found), known.after
    while page := ledger.read(after=after, limit=_PAGE):
        found += [_landing(event) for event in page if _is_ours(event, dataset)]
        after = page[-1].seq
    return Landings(found=tuple(found), after=after)


def _is_ours(event: Event, dataset: str) -> bool:
    return event.kind in _KINDS and event.subject == f"dataset:{dataset}"


def _landing(event: Event) -> OneLanding:
    data: Mapping[str, Any] = event.data
    at = event.logical_at or event.at
    if event.kind == "dataset_landed":
        return OneLanding(at=at, rows=int(data.get("rows") or 0))
    broken = {f"{one['column'] or 'table'}: {one['rule']}": int(one["rows"]) for one in data.get("failures", [])}
    return OneLanding(at=at, refused=True, broken=broken or {str(data.get("code", "refused")): 0})
