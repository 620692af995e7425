"""What people say of incidents, written at once and heeded by whoever watches, at the next pass.

The state of watching has one writer. So a word is a record and an event of its own, and is shown before it is heeded.
"""

from typing import get_args

import msgspec

from loopwright.app.monitor.incidents import KIND as INCIDENT
from loopwright.app.monitor.incidents import opening_event
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.errors import NotFoundError, UsageError
from loopwright.monitoring.incident import Incident
from loopwright.monitoring.silence import Silence
from loopwright.monitoring.word import IncidentWord, Verb
from loopwright.store.ledger import Record

WORD = "incident_word"
SILENCE = "silence"
MOST = 1_000
MAX_REASON = 2_000
MAX_PATTERN = 500
MAX_SILENCE: Micros = 366 * 86_400_000_000
_EVENTS: dict[Verb, str] = {
    "acknowledge": "incident_acknowledged",
    "resolve": "incident_resolve_asked",
    "comment": "incident_commented",
}


def stored_incident(workspace: Workspace, id_: str) -> tuple[Incident, str]:
    """An incident by its id, or the beginning of it that is nobody else's, and its endpoint.

    Raises:
        NotFoundError: There is none, or more than one.
    """
    ledger = workspace.stores.ledger
    record = ledger.record(INCIDENT, id_)
    if record is None:
        found = [r for r in ledger.search(INCIDENT, limit=10_000) if len(id_) >= 5 and r.id.startswith(id_)]
        record = found[0] if len(found) == 1 else None
    if record is None:
        raise NotFoundError(f"there is no incident {id_!r}", fix="Run `loopwright incident list` to see them.")
    return msgspec.convert(record.data, Incident), str(record.facets["endpoint"])


def say(workspace: Workspace, id_: str, verb: Verb, *, actor: str, reason: str = "") -> IncidentWord:
    """Say something of an incident.

    Raises:
        NotFoundError: There is no such incident.
        UsageError: It is over and can no longer be acknowledged or resolved, or the text is empty or too long.
    """
    incident, endpoint = stored_incident(workspace, id_)
    if verb not in get_args(Verb):
        raise UsageError(f"there is no {verb!r}", fix=f"Use {', '.join(get_args(Verb))}.")
    if incident.state == "resolved" and verb != "comment":
        raise UsageError(f"the incident {incident.id} is over", why="it is resolved", fix="Comment on it instead.")
    if verb == "comment" and not reason.strip():
        raise UsageError("the comment is empty", fix="Write something.")
    if len(reason) > MAX_REASON:
        raise UsageError(f"the text has {len(reason)} characters", fix=f"Write at most {MAX_REASON}.")
    now = workspace.clock.now()
    word = IncidentWord(
        id=workspace.ids("word"),
        incident=incident.id,
        verb=verb,
        actor=actor,
        at=now,
        reason=reason.strip(),
        order=workspace.machine.now(),
    )
    workspace.stores.ledger.commit(
        records=[word_record(word, endpoint, waiting=verb != "comment")],
        events=[_event(workspace, incident, word=word)],
    )
    return word


def word_record(word: IncidentWord, endpoint: str, *, waiting: bool) -> Record:
    """A word as it is kept; `waiting` until it has been heeded."""
    facets: dict[str, str | float | int | bool] = {
        "incident": word.incident,
        "endpoint": endpoint,
        "waiting": waiting,
        "order": word.order,
    }
    return Record(kind=WORD, id=word.id, data=msgspec.to_builtins(word), facets=facets, at=word.at)


def waiting_words(workspace: Workspace, endpoint: str) -> tuple[IncidentWord, ...]:
    """Words that have not been heeded, the oldest first."""
    where: dict[str, str | float | int | bool] = {"endpoint": endpoint, "waiting": True}
    found = workspace.stores.ledger.search(WORD, where=where, order="order", limit=MOST)
    return tuple(msgspec.convert(record.data, IncidentWord) for record in found)


def words_on(workspace: Workspace, incident: str) -> tuple[IncidentWord, ...]:
    """Everything that was said of an incident, the oldest first."""
    found = workspace.stores.ledger.search(WORD, where={"incident": incident}, order="order", limit=MOST)
    return tuple(msgspec.convert(record.data, IncidentWord) for record in found)


def silence(workspace: Workspace, wished: Silence) -> Silence:
    """Keep matching incidents quiet for a while.

    Raises:
        UsageError: It covers everything, has no reason, no end within a year, or a text without end.
        NotFoundError: It names an incident that is not there.
    """
    now = workspace.clock.now()
    if not wished.reason.strip():
        raise UsageError("a silence needs a reason", fix="Say why with --reason.")
    if not now < wished.until <= now + MAX_SILENCE:
        raise UsageError("a silence ends, within a year", fix="Say how long, as --for 2h.")
    if all(part is None for part in (wished.incident, wished.cause, wished.check, wished.column, wished.endpoint)):
        raise UsageError("this would silence everything", fix="Name an incident, or a check, column or cause.")
    _check_lengths(wished)
    if wished.incident is not None:
        wished = msgspec.structs.replace(wished, incident=stored_incident(workspace, wished.incident)[0].id)
    made = msgspec.structs.replace(wished, id=workspace.ids("sil"), at=now)
    _write_silence(workspace, made, active=True, kind="incidents_silenced", actor=made.actor)
    return made


def unsilence(workspace: Workspace, id_: str, *, actor: str) -> Silence:
    """End a silence now. Raises NotFoundError where there is none that goes on."""
    found = [one for one in silences(workspace) if one.id == id_ or (len(id_) >= 5 and one.id.startswith(id_))]
    if len(found) != 1:
        raise NotFoundError(f"there is no silence {id_!r} now", fix="Run `loopwright incident list` to see silences.")
    ended = msgspec.structs.replace(found[0], until=workspace.clock.now())
    _write_silence(workspace, ended, active=False, kind="incidents_unsilenced", actor=actor)
    return ended


def silences(workspace: Workspace) -> tuple[Silence, ...]:
    """The silences that go on."""
    found = workspace.stores.ledger.search(SILENCE, where={"active": True}, limit=MOST)
    now = workspace.clock.now()
    made = (msgspec.convert(record.data, Silence) for record in found)
    return tuple(one for one in made if now < one.until)


def _check_lengths(wished: Silence) -> None:
    if len(wished.reason) > MAX_REASON:
        raise UsageError(f"the reason has {len(wished.reason)} characters", fix=f"Write at most {MAX_REASON}.")
    patterns = (wished.incident, wished.cause, wished.check, wished.column, wished.endpoint)
    longest = max(len(pattern or "") for pattern in patterns)
    if longest > MAX_PATTERN:
        raise UsageError(f"a pattern has {longest} characters", fix=f"Write at most {MAX_PATTERN}, as wind*.")


def _write_silence(workspace: Workspace, one: Silence, *, active: bool, kind: str, actor: str) -> None:
    now = workspace.clock.now()
    shown = msgspec.to_builtins(one)
    record = Record(kind=SILENCE, id=one.id, data=shown, facets={"active": active}, at=now)
    data = {name: value for name, value in shown.items() if value is not None and name != "id"}
    draft = EventDraft(kind=kind, subject=f"silence:{one.id}", data=data, actor=actor, logical_at=now)
    workspace.stores.ledger.commit(records=[record], events=[draft])


def _event(workspace: Workspace, incident: Incident, *, word: IncidentWord) -> EventDraft:
    opened = opening_event(workspace, incident)
    return EventDraft(
        kind=_EVENTS[word.verb],
        subject=f"incident:{incident.id}",
        data={"reason": word.reason},
        caused_by=() if opened is None else (opened,),
        actor=word.actor,
        logical_at=word.at,
    )
