"""When somebody is told of an incident. Pure.

Once when it opens, once more when its severity rises or it comes back, and once when it is over. A silence holds a
message back; when it ends, or something joins that it does not cover, the message goes out.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.monitoring.incident import Incident, IncidentAction, IncidentBook
from loopwright.monitoring.rules.rule import SEVERITIES, Severity
from loopwright.monitoring.silence import Silence, silencing

News = Literal["opened", "raised", "reopened", "resolved"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell; `silence` names the silence that keeps it back."""

    news: News
    incident: Incident
    reason: str
    silence: Silence | None = None


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told what: the silences, the endpoint, and the least severity that is worth a message."""

    endpoint: str
    silences: tuple[Silence, ...] = ()
    least: Severity = "info"


def messages(
    book: IncidentBook, actions: Sequence[IncidentAction], listening: Listening, *, at: Micros
) -> tuple[IncidentBook, tuple[Message, ...]]:
    """What is to be told now, and the book with what has been told noted.

    Args:
        book: After the actions.
        actions: What has just changed.
        listening: Who is told what.
        at: Now.
    """
    said: list[Message] = []
    reasons = {action.incident.id: action.reason for action in actions}
    for incident in book.open.values():
        news = _news(incident, listening.least)
        if news is None:
            continue
        silence = silencing(incident, listening.silences, endpoint=listening.endpoint, at=at)
        reason = reasons.get(incident.id) or "; ".join(finding.reason for finding in incident.findings[:5])
        if silence is None:
            told = incident.with_(told=incident.severity)
            book = book.with_incident(told)
            said.append(Message(news=news, incident=told, reason=reason))
        elif incident.id in reasons:  # noted once, when it happened; not at every look
            said.append(Message(news=news, incident=incident, reason=reason, silence=silence))
    ended = [a for a in actions if a.kind == "incident_resolved" and a.incident.told is not None]
    for action in ended:
        silence = silencing(action.incident, listening.silences, endpoint=listening.endpoint, at=at)
        said.append(Message(news="resolved", incident=action.incident, reason=action.reason, silence=silence))
    return book, tuple(said)


def _news(incident: Incident, least: Severity) -> News | None:
    if incident.state == "mending" or SEVERITIES.index(incident.severity) < SEVERITIES.index(least):
        return None
    if incident.told is None:
        return "reopened" if incident.reopened else "opened"
    return "raised" if SEVERITIES.index(incident.severity) > SEVERITIES.index(incident.told) else None
