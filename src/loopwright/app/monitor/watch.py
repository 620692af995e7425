"""The durable state of watching one endpoint: written whole, in one commit with what happened."""

from typing import Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import EventDraft
from loopwright.monitoring.incident import IncidentBook
from loopwright.store.ledger import Record

_DAY: Micros = 86_400 * SECOND
FORMAT_VERSION = 2


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Where watching one endpoint stands.

    Attributes:
        version: The champion under watch; a new one starts anew.
        looked: The workspace time of the last look, by the rule's name.
        states: What the rule's judge keeps from look to look, as plain JSON, by the rule's name.
        book: The open incidents.
        opened: Event `seq` of `incident_opened`, by incident id; what later events name as their cause.
        format_version: Of this struct.
    """

    version: str
    looked: dict[str, Micros] = {}
    states: dict[str, Any] = {}
    book: IncidentBook = IncidentBook()
    opened: dict[str, int] = {}
    format_version: int = FORMAT_VERSION


def load_watch(workspace: Workspace, endpoint: str) -> Watch | None:
    """The state as it was last written."""
    record = workspace.stores.ledger.record("watch", endpoint)
    return None if record is None else msgspec.convert(_upgraded(record.data), Watch)


def save_watch(
    workspace: Workspace, endpoint: str, watch: Watch, *, events: list[EventDraft], records: list[Record]
) -> tuple[int, ...]:
    """Write the state, what happened and the figures in one commit; returns the events' numbers."""
    state = Record(kind="watch", id=endpoint, data=msgspec.to_builtins(watch), at=workspace.clock.now())
    written = workspace.stores.ledger.commit(
        records=[state, *records], events=events, durability="full" if events else "normal"
    )
    return tuple(event.seq for event in written)


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Format 1 knew days only: `through` was the first day not judged, `drift` the states of drift rules."""
    if data.get("format_version", 1) >= FORMAT_VERSION:
        return data
    through, drift = data.get("through", 0), data.get("drift", {})
    upgraded: dict[str, Any] = {name: data[name] for name in ("version", "book", "opened") if name in data}
    upgraded["states"] = {name: {"through": through, "detector": state} for name, state in drift.items()}
    upgraded["looked"] = dict.fromkeys(drift, (through - 1) * _DAY)
    return upgraded
