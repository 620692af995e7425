"""What is said of an incident: what, since when, how sure, where to look, and what to type. Pure.

Names and values come from data that strangers send. Each stays on its line, so that none can add a line of its own to
what is to be typed, and none calls a whole channel.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from loopwright.core.clock import Micros, iso
from loopwright.monitoring.explanation import Explanation, Segment
from loopwright.monitoring.incident import Finding, Incident
from loopwright.monitoring.telling import Message, News

_WORDS: dict[News, str] = {
    "opened": "incident",
    "raised": "incident raised",
    "reopened": "incident is back",
    "resolved": "resolved",
}
_FINDINGS, _COLUMNS, _CHANGES = 5, 5, 3
_LONGEST = 500
"""Letters of a line."""
_CALLS_ALL = re.compile(r"@(?=everyone\b|here\b|channel\b|all\b)|<(?=[!@#])", re.IGNORECASE)
_JOINER = "\u2060"


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A message for people; plain text, a line a thought."""

    title: str
    body: str


def text(message: Message, endpoint: str) -> Text:
    """The message in words."""
    incident = message.incident
    title = f"[{incident.severity}] {endpoint}: {_WORDS[message.news]}: {_headline(incident, message)}"
    return Text(title=_plain(title)[:200], body="\n".join(_plain(line) for line in _lines(message, endpoint)))


def payload(message: Message, endpoint: str) -> dict[str, Any]:
    """The message for machines: ids, figures and names, no row."""
    incident = message.incident
    shown: dict[str, Any] = msgspec.to_builtins(incident)
    for name in ("told", "behind", "format_version"):
        del shown[name]
    return {"endpoint": endpoint, "reason": message.reason, "incident": shown, "commands": list(_commands(incident))}


def _plain(line: str) -> str:
    """One line of printable text, not without end, that calls nobody."""
    shown = "".join(letter if letter.isprintable() else " " for letter in line[: 2 * _LONGEST])
    cut = " ".join(shown.split())
    cut = cut if len(cut) <= _LONGEST else f"{cut[: _LONGEST - 1]}…"
    return _CALLS_ALL.sub(lambda found: found[0] + _JOINER, cut)


def _headline(incident: Incident, message: Message) -> str:
    if message.news == "resolved":
        return message.reason
    named = ", ".join(incident.columns[:3])
    return f"{', '.join(incident.checks[:2])}{': ' + named if named else ''}"


def _lines(message: Message, endpoint: str) -> Iterator[str]:
    incident = message.incident
    yield f"What: {message.reason}"
    yield _since(incident)
    for finding in incident.findings[:_FINDINGS]:
        yield f"How sure: {_sure(finding)}"
    if incident.explanation is not None and message.news != "resolved":
        yield from _where_to_look(incident.explanation)
    yield f"About: {incident.cause.replace('version:', 'version ')[:60]} of {endpoint}"
    yield f"Owner: {incident.owner or 'nobody is named'}"
    if incident.acknowledged is not None:
        yield f"Taken on by {incident.acknowledged.actor}"
    yield from (f"Type: {command}" for command in _commands(incident))


def _since(incident: Incident) -> str:
    opened = f"opened {_at(incident.opened_at)}"
    changed = incident.explanation.changed_at if incident.explanation else None
    return f"Since: about {_at(changed)}; {opened}" if changed is not None else f"Since: {opened}"


def _sure(finding: Finding) -> str:
    if finding.value is None:
        return f"{finding.check}: {finding.reason}"
    against = "" if finding.threshold is None else f" against {finding.threshold:.4g}"
    return f"{finding.check} stands at {finding.value:.4g}{against}"


def _where_to_look(explanation: Explanation) -> Iterator[str]:
    columns = [f"{c.column}" + ("" if c.effect is None else f" ({c.effect:.3g})") for c in explanation.columns]
    if columns:
        yield f"Columns: {', '.join(columns[:_COLUMNS])}"
    yield from (f"Segment: {segment_text(segment)}" for segment in explanation.segments[:_CHANGES])
    yield from (f"Before it: {one.said}, {_at(one.at)} ({one.subject})" for one in explanation.upstream[:_CHANGES])


def segment_text(segment: Segment) -> str:
    """A segment in words."""
    return (
        f"{segment.column} = {segment.value} ({segment.share_after:.0%} of the rows) carries "
        f"{segment.carries:.0%} of the change of {segment.target}: "
        f"{segment.inside_before:.4g} → {segment.inside_after:.4g} inside, "
        f"{segment.outside_before:.4g} → {segment.outside_after:.4g} outside"
    )


def _commands(incident: Incident) -> Iterator[str]:
    yield f"loopwright incident show {incident.id}"
    if incident.state not in ("resolved", "acknowledged"):
        yield f"loopwright incident acknowledge {incident.id}"


def _at(at: Micros) -> str:
    return f"{iso(at)[:16].replace('T', ' ')} UTC"
