"""What people say of incidents: that they have taken one on, that it is over, or anything else. Pure."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.monitoring.incident import Acknowledgement, Incident, IncidentAction, IncidentBook, Told, resolve

Verb = Literal["acknowledge", "resolve", "comment"]


class IncidentWord(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word on an incident; `order` is the machine's time at which it was said."""

    id: str
    incident: str
    verb: Verb
    actor: str
    at: Micros
    reason: str = ""
    order: Micros = 0


def heeded(book: IncidentBook, words: Sequence[IncidentWord], *, at: Micros) -> Told:
    """The book after words. One about an incident that is over, or acknowledged already, changes nothing."""
    actions = list[IncidentAction]()
    for word in words:
        found = next(((cause, one) for cause, one in book.open.items() if one.id == word.incident), None)
        if found is None:
            continue
        cause, incident = found
        if word.verb == "acknowledge":
            book = book.with_incident(acknowledged(incident, word))
        elif word.verb == "resolve":
            reason = f"resolved by {word.actor}" + (f": {word.reason}" if word.reason else "")
            book, said = resolve(book, cause, reason=reason, at=at, ending="by_hand")
            actions += said
    return book, tuple(actions)


def acknowledged(incident: Incident, word: IncidentWord) -> Incident:
    """The incident, taken on; one that is mending goes on to be."""
    if incident.acknowledged is not None:
        return incident
    state = "acknowledged" if incident.state == "open" else incident.state
    return incident.with_(
        state=state, acknowledged=Acknowledgement(actor=word.actor, at=word.at, reason=word.reason), updated_at=word.at
    )
