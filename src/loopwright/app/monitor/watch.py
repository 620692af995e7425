"""The durable state of watching one endpoint: written whole, in one commit with what happened."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.app.monitor.incidents import opening_event
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
        settings: A digest of each setting, by name, as the last process that watched had it.
        format_version: Of this struct.
    """

    version: str
    looked: dict[str, Micros] = {}
    states: dict[str, Any] = {}
    book: IncidentBook = IncidentBook()
    opened: dict[str, int] = {}
    settings: dict[str, str] = {}
    format_version: int = FORMAT_VERSION


def load_watch(workspace: Workspace, endpoint: str) -> Watch | None:
    """The state as it was last written; the events that opened its incidents are looked up where it cannot know them.

    An event's number is known only once it is written, and state and event are written together.
    """
    record = workspace.stores.ledger.record("watch", endpoint)
    return None if record is None else with_openings(workspace, msgspec.convert(_upgraded(record.data), Watch))


def with_openings(workspace: Workspace, watch: Watch) -> Watch:
    """The state with the event that opened each of its incidents, as far as the journal knows."""
    opened = {one.id: watch.opened.get(one.id) or opening_event(workspace, one) for one in watch.book.open.values()}
    known = {id_: seq for id_, seq in opened.items() if seq is not None}
    return watch if known == watch.opened else msgspec.structs.replace(watch, opened=known)


def save_watch(
    workspace: Workspace,
    endpoint: str,
    watch: Watch,
    *,
    events: Sequence[EventDraft] = (),
    records: Sequence[Record] = (),
    moves: Mapping[str, str] | None = None,
) -> None:
    """Write the state, what happened, what is to be told and the figures in one commit."""
    state = Record(kind="watch", id=endpoint, data=msgspec.to_builtins(watch), at=workspace.clock.now())
    workspace.stores.ledger.commit(
        moves=moves, records=[state, *records], events=events, durability="full" if events else "normal"
    )


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Format 1 knew days only: `through` was the first day not judged, `drift` the states of drift rules."""
    if data.get("format_version", 1) >= FORMAT_VERSION:
        return data
    through, drift = data.get("through", 0), data.get("drift", {})
    upgraded: dict[str, Any] = {name: data[name] for name in ("version", "book", "opened") if name in data}
    upgraded["states"] = {name: {"through": through, "detector": state} for name, state in drift.items()}
    upgraded["looked"] = dict.fromkeys(drift, (through - 1) * _DAY)
    return upgraded
