"""Sending what lies in the outbox: in the background, tried again with growing waits, visible while it fails.

A message keeps its id at every attempt. An attempt is counted before it is made: after a kill in the middle of one
nobody can know whether it arrived, and it is sent again under the same id.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import msgspec

from loopwright.app.notify.channels import address_of, channels
from loopwright.app.notify.outbox import KIND, Notification, find_notification, record_of
from loopwright.app.notify.picture import drawn
from loopwright.app.notify.services import send_service
from loopwright.app.notify.webhooks import send_webhook
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import EventDraft
from loopwright.errors import LoopwrightError, UsageError

WAITS_S = (2, 10, 60, 300, 900, 3600)
"""After a failed attempt; the last one again and again, until the message is given up."""
GIVEN_UP_S = 3 * 86_400
BATCH = 50
Send = Callable[[Workspace, Notification], str]


@dataclass(frozen=True, slots=True, eq=False)
class Courier:
    """Delivers. One at a time in a home: the control process."""

    workspace: Workspace
    send: Send | None = None
    _lock: Lock = field(default_factory=Lock)

    def deliver(self) -> int:
        """Make the attempts that are due; returns how many messages were taken.

        Messages about one incident go in their order over each channel. A channel that fails is left alone for the rest
        of the pass, and one that is down delays no other.
        """
        with self._lock:
            open_ = channels(self.workspace.settings)
            self._withdraw({channel.name for channel in open_})
            return sum(self._over(name) for name in dict.fromkeys(channel.name for channel in open_))

    def _over(self, channel: str) -> int:
        taken, held = 0, set[str]()
        for one in waiting(self.workspace, channel):
            if one.incident in held:
                continue
            if not is_due(one.next_at, self.workspace.machine.now()):
                held.add(one.incident)
            elif self._attempt(one):
                taken += 1
            else:
                break
        return taken

    def _withdraw(self, known: set[str]) -> None:
        """Give up what was to go over a channel that the settings name no more."""
        for one in waiting(self.workspace):
            if one.channel.name not in known:
                why = f"the setting {one.channel.setting} names this channel no more"
                self._ended(msgspec.structs.replace(one, state="given_up", why=why))

    def _attempt(self, one: Notification) -> bool:
        now = self.workspace.machine.now()
        again = next_try(one.attempts + 1, now)
        begun = msgspec.structs.replace(one, attempts=one.attempts + 1, next_at=again)
        self._keep(begun)
        try:
            why = (self.send or send)(self.workspace, begun)
        except LoopwrightError as error:
            why = f"{error.code} {error.what}" + (f": {error.why}" if error.why else "")
        except Exception as error:  # noqa: BLE001 - boundary: a service's library that fails is a failed attempt
            why = type(error).__name__
        if not why:
            self._ended(msgspec.structs.replace(begun, state="delivered", why=""))
            return True
        failed = msgspec.structs.replace(begun, why=why[:500])
        if self.workspace.clock.now() - one.at >= GIVEN_UP_S * SECOND and one.attempts >= len(WAITS_S):
            self._ended(msgspec.structs.replace(failed, state="given_up"))
        else:
            self._keep(failed)
        return False

    def _keep(self, one: Notification) -> None:
        self.workspace.stores.ledger.commit(records=[record_of(one)], durability="normal")

    def _ended(self, one: Notification) -> None:
        data = {"message": one.id, "news": one.news, "channel": one.channel.name, "attempts": one.attempts}
        draft = EventDraft(
            kind="incident_told" if one.state == "delivered" else "incident_not_told",
            subject=f"incident:{one.incident}",
            data=data,
            actor="monitor",
            logical_at=self.workspace.clock.now(),
        )
        self.workspace.stores.ledger.commit(records=[record_of(one)], events=[draft])


def waiting(workspace: Workspace, channel: str | None = None) -> tuple[Notification, ...]:
    """Messages that have not been taken, over one channel or all, the oldest first."""
    where: dict[str, str | float | int | bool] = {"state": "waiting"}
    where |= {} if channel is None else {"channel": channel}
    found = workspace.stores.ledger.search(KIND, where=where, order="order", limit=BATCH)
    return tuple(msgspec.convert(record.data, Notification) for record in found)


def is_due(next_at: Micros, now: Micros) -> bool:
    """Whether an attempt is due. One that lies further ahead than any wait was set by a clock that went back since."""
    return not now < next_at <= now + WAITS_S[-1] * SECOND


def next_try(attempts: int, now: Micros) -> Micros:
    """When the next attempt is made after `attempts` that failed. Pure."""
    return now + WAITS_S[min(attempts, len(WAITS_S)) - 1] * SECOND


def send(workspace: Workspace, one: Notification) -> str:
    """Send one message; returns what went wrong, nothing where it was taken.

    Raises:
        LoopwrightError: The channel's address or secret cannot be read, or an extra is missing.
    """
    if one.channel.kind != "apprise":
        return send_webhook(workspace, one)
    picture = drawn(workspace, one.endpoint, one.data["incident"])
    return send_service(address_of(one.channel, workspace.project), one, picture)


def send_again(workspace: Workspace, id_: str, *, actor: str, again: bool = True) -> Notification:
    """Put a message into the outbox once more, under a new id; one that still waits is due at once.

    Raises:
        NotFoundError: There is no such message.
        UsageError: It was sent, and `again` is false; or the settings name its channel no more.
    """
    before = find_notification(workspace, id_)
    if before.state == "delivered" and not again:
        raise UsageError(f"the message {before.id} was sent", fix="Add --again to send it once more.")
    if before.state == "waiting":
        one = msgspec.structs.replace(before, next_at=0)
        workspace.stores.ledger.commit(records=[record_of(one)])
        return one
    if before.channel not in channels(workspace.settings):
        raise UsageError(
            f"the setting {before.channel.setting} names this channel no more",
            fix="Add it again, and restart the control process.",
        )
    now = workspace.clock.now()
    one = msgspec.structs.replace(
        before, id=workspace.ids("msg"), state="waiting", attempts=0, next_at=0, why="", at=now, order=now
    )
    draft = EventDraft(
        kind="incident_notify_asked",
        subject=f"incident:{one.incident}",
        data={"message": one.id, "again": before.id, "channel": one.channel.name},
        actor=actor,
        logical_at=now,
    )
    workspace.stores.ledger.commit(records=[record_of(one)], events=[draft])
    return one
