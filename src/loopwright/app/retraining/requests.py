"""Retrains that a person asks for, and those that a loop suggests: kept until somebody answers."""

from typing import Literal

import msgspec

from loopwright.app.retraining.cause import Cause
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.errors import NotFoundError, UsageError
from loopwright.store.ledger import Record

REQUEST, SUGGESTION = "retrain_request", "retrain_suggestion"
MOST_LISTED = 100


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's wish: the data of a record of kind `retrain_request`.

    Attributes:
        id: As `req_…`.
        loop: The loop's name.
        reason, actor, at: Why, who, and when.
        forced: Whether it goes past freeze windows and budgets.
        state: Whether it waits for what is in its way.
        event: The event that says so.
    """

    id: str
    loop: str
    reason: str
    actor: str
    at: Micros
    forced: bool = False
    state: Literal["waiting", "started", "withdrawn"] = "waiting"
    event: int = 0

    def record(self) -> Record:
        """The record as it is written."""
        facets: dict[str, str | float | int | bool] = {"loop": self.loop, "state": self.state}
        return Record(kind=REQUEST, id=self.id, data=msgspec.to_builtins(self), facets=facets, at=self.at)

    def turned(self, state: Literal["started", "withdrawn"]) -> "Request":
        """The same in another state."""
        return msgspec.structs.replace(self, state=state)


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A retrain that a loop would start if it might: the data of a record of kind `retrain_suggestion`.

    Attributes:
        id: As `sug_…`.
        loop: The loop's name.
        cause, reason, trigger: Why.
        at: When.
        state: Whether somebody has answered; `outdated` where its cause is gone.
        event: The event that says so.
    """

    id: str
    loop: str
    cause: str
    reason: str
    trigger: str
    at: Micros
    state: Literal["open", "accepted", "dismissed", "outdated"] = "open"
    event: int = 0

    @property
    def command(self) -> str:
        """What to type to let it run."""
        return f"loopwright retrain accept {self.id}"

    def record(self) -> Record:
        """The record as it is written."""
        facets: dict[str, str | float | int | bool] = {"loop": self.loop, "state": self.state, "cause": self.cause}
        return Record(kind=SUGGESTION, id=self.id, data=msgspec.to_builtins(self), facets=facets, at=self.at)

    def turned(self, state: Literal["accepted", "dismissed", "outdated"]) -> "Suggestion":
        """The same in another state."""
        return msgspec.structs.replace(self, state=state)


def request_retrain(
    workspace: Workspace,
    loop: str,
    *,
    reason: str,
    actor: str,
    forced: bool = False,
    accepted: Suggestion | None = None,
) -> Request:
    """Ask for a retrain; the controller starts it as soon as nothing is in its way.

    Args:
        workspace: The workspace.
        loop: The loop's name.
        reason: Why, for the record.
        actor: Who asks.
        forced: Whether it goes past freeze windows and budgets.
        accepted: The suggestion that this accepts.
    """
    request = Request(
        id=workspace.ids("req"), loop=loop, reason=reason, actor=actor, at=workspace.clock.now(), forced=forced
    )
    draft = EventDraft(
        kind="retrain_requested",
        subject=f"loop:{loop}",
        data={"request": request.id, "reason": reason, "forced": forced, "suggestion": accepted.id if accepted else ""},
        caused_by=(accepted.event,) if accepted and accepted.event else (),
        actor=actor,
        namespace=workspace.namespace,
        logical_at=request.at,
    )
    records = [request.record(), *([accepted.turned("accepted").record()] if accepted else [])]
    written = workspace.stores.ledger.commit(records=records, events=[draft])
    asked = msgspec.structs.replace(request, event=written[0].seq)
    workspace.stores.ledger.commit(records=[asked.record()], durability="normal")
    return asked


def accept(workspace: Workspace, id_: str, *, reason: str, actor: str) -> Request:
    """Let a suggested retrain run.

    Raises:
        NotFoundError: There is no such suggestion.
        UsageError: Somebody has answered it already, or its cause is gone.
    """
    suggestion = _open(workspace, id_)
    why = reason or f"suggested: {suggestion.reason}"
    return request_retrain(workspace, suggestion.loop, reason=why, actor=actor, accepted=suggestion)


def dismiss(workspace: Workspace, id_: str, *, reason: str, actor: str) -> Suggestion:
    """Let a suggested retrain be; the same cause is not suggested again.

    Raises:
        NotFoundError: There is no such suggestion.
        UsageError: Somebody has answered it already, or its cause is gone.
    """
    suggestion = _open(workspace, id_)
    draft = EventDraft(
        kind="retrain_dismissed",
        subject=f"loop:{suggestion.loop}",
        data={"suggestion": suggestion.id, "reason": reason},
        caused_by=(suggestion.event,) if suggestion.event else (),
        actor=actor,
        namespace=workspace.namespace,
        logical_at=workspace.clock.now(),
    )
    dismissed = suggestion.turned("dismissed")
    workspace.stores.ledger.commit(records=[dismissed.record()], events=[draft])
    return dismissed


def suggest(workspace: Workspace, loop: str, cause: Cause, *, trigger: str) -> Suggestion | None:
    """Keep a suggestion, once for each cause; None where this cause has been suggested already."""
    ledger, now = workspace.stores.ledger, workspace.clock.now()
    if ledger.search(SUGGESTION, where={"loop": loop, "cause": cause.name}, limit=1):
        return None
    suggestion = Suggestion(
        id=workspace.ids("sug"), loop=loop, cause=cause.name, reason=cause.reason, trigger=trigger, at=now
    )
    draft = EventDraft(
        kind="retrain_decided",
        subject=f"loop:{loop}",
        data={
            "decision": "suggested",
            "cause": cause.name,
            "reason": cause.reason,
            "trigger": trigger,
            "suggestion": suggestion.id,
            "command": suggestion.command,
        },
        caused_by=cause.events,
        actor="controller",
        namespace=workspace.namespace,
        logical_at=now,
    )
    written = ledger.commit(records=[suggestion.record()], events=[draft])
    kept = msgspec.structs.replace(suggestion, event=written[0].seq)
    ledger.commit(records=[kept.record()], durability="normal")
    return kept


def waiting_requests(workspace: Workspace, loop: str) -> tuple[Request, ...]:
    """Wishes that nobody has answered, oldest first."""
    where: dict[str, str | float | int | bool] = {"loop": loop, "state": "waiting"}
    found = workspace.stores.ledger.search(REQUEST, where=where, order="at", limit=MOST_LISTED)
    return tuple(msgspec.convert(record.data, Request) for record in found)


def open_suggestions(workspace: Workspace, loop: str) -> tuple[Suggestion, ...]:
    """Suggestions that nobody has answered, newest first."""
    where: dict[str, str | float | int | bool] = {"loop": loop, "state": "open"}
    found = workspace.stores.ledger.search(SUGGESTION, where=where, limit=MOST_LISTED)
    return tuple(msgspec.convert(record.data, Suggestion) for record in found)


def outdate(workspace: Workspace, loop: str, *, wanted: frozenset[str]) -> None:
    """Take back the suggestions whose causes are gone.

    Args:
        workspace: The workspace.
        loop: The loop's name.
        wanted: Names of the causes that there still are.
    """
    gone = [one.turned("outdated") for one in open_suggestions(workspace, loop) if one.cause not in wanted]
    if gone:
        workspace.stores.ledger.commit(records=[one.record() for one in gone], durability="normal")


def _open(workspace: Workspace, id_: str) -> Suggestion:
    record = workspace.stores.ledger.record(SUGGESTION, id_)
    if record is None:
        raise NotFoundError(
            f"there is no suggestion {id_!r}", fix="Run `loopwright retrain status` to see those that are open."
        )
    suggestion = msgspec.convert(record.data, Suggestion)
    if suggestion.state != "open":
        raise UsageError(
            f"the suggestion {id_} is {suggestion.state}", fix="Run `loopwright retrain` to train all the same."
        )
    return suggestion
