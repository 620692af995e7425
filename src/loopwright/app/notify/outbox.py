"""What is to be sent, kept in the ledger: written in one commit with what it tells of, sent afterwards."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from loopwright.app.notify.channels import Channel, channels
from loopwright.app.notify.message import Text, payload, text
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.errors import NotFoundError
from loopwright.monitoring.telling import Message, News
from loopwright.store.ledger import Record

KIND = "notification"
MOST = 1_000
State = Literal["waiting", "delivered", "given_up", "silenced"]


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One message over one channel.

    Attributes:
        id: The message's, the same at every attempt; receivers know a repeated one by it.
        channel: Over which it goes.
        endpoint, incident: What it is about.
        news: What has happened.
        at: When, by the workspace clock.
        text: For people.
        data: For machines.
        state: `waiting` until it is taken, given up, or kept back by a silence.
        attempts: Made so far; counted before each, so that one that a kill interrupted is known.
        next_at: When the next is due, by the machine's clock.
        why: What went wrong last, or which silence keeps it.
        order: Among the messages about one incident.
        format_version: Of this struct.
    """

    id: str
    channel: Channel
    endpoint: str
    incident: str
    news: News
    at: Micros
    text: Text
    data: dict[str, Any]
    state: State = "waiting"
    attempts: int = 0
    next_at: Micros = 0
    why: str = ""
    order: int = 0
    format_version: int = 1


def outbox_records(workspace: Workspace, endpoint: str, told: Sequence[Message], *, now: Micros) -> list[Record]:
    """The messages as they are kept, one a channel; those that a silence keeps back once, for the record."""
    open_ = channels(workspace.settings) if told else ()
    made = []
    for message in told:
        to = open_[:1] if message.silence is not None else open_
        made += [_notification(workspace, endpoint, message, channel=channel, now=now) for channel in to]
    return [record_of(one) for one in made]


def record_of(one: Notification) -> Record:
    """A notification as it is kept."""
    facets: dict[str, str | float | int | bool] = {
        "endpoint": one.endpoint,
        "incident": one.incident,
        "state": one.state,
        "channel": one.channel.name,
        "failing": one.state == "given_up" or (one.state == "waiting" and one.attempts > 0),
        "order": one.order,
    }
    return Record(kind=KIND, id=one.id, data=msgspec.to_builtins(one), facets=facets, at=one.at)


def notifications(
    workspace: Workspace, *, state: State | None = None, incident: str | None = None, failing: bool = False
) -> tuple[Notification, ...]:
    """Messages, the newest first: all, or those in a state, about an incident, or whose last attempt failed."""
    where: dict[str, str | float | int | bool] = {}
    where |= {"state": state} if state else {}
    where |= {"incident": incident} if incident else {}
    where |= {"failing": True} if failing else {}
    found = workspace.stores.ledger.search(KIND, where=where, limit=MOST)
    return tuple(msgspec.convert(record.data, Notification) for record in found)


def as_shown(one: Notification) -> Notification:
    """As it is shown to people and callers: of its address the host, since the path may be a secret."""
    return msgspec.structs.replace(one, channel=one.channel.shown)


def find_notification(workspace: Workspace, id_: str) -> Notification:
    """A message by its id, or the beginning of it that is nobody else's. Raises NotFoundError."""
    exact = workspace.stores.ledger.record(KIND, id_)
    if exact is not None:
        return msgspec.convert(exact.data, Notification)
    found = [one for one in notifications(workspace) if len(id_) >= 5 and one.id.startswith(id_)]
    if len(found) != 1:
        raise NotFoundError(f"there is no message {id_!r}", fix="Run `loopwright incident notifications` to see them.")
    return found[0]


def _notification(
    workspace: Workspace, endpoint: str, message: Message, *, channel: Channel, now: Micros
) -> Notification:
    silence = message.silence
    return Notification(
        id=workspace.ids("msg"),
        channel=channel,
        endpoint=endpoint,
        incident=message.incident.id,
        news=message.news,
        at=now,
        text=text(message, endpoint),
        data=payload(message, endpoint),
        state="waiting" if silence is None else "silenced",
        why="" if silence is None else f"{silence.id}, by {silence.actor}: {silence.reason}",
        order=now,
    )
