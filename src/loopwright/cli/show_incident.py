"""Incidents for a person's eyes."""

from collections.abc import Sequence

from loopwright.app.monitor.incident_view import IncidentList, IncidentView
from loopwright.app.notify.message import segment_text
from loopwright.app.notify.outbox import Notification
from loopwright.cli.render import line, table
from loopwright.core.clock import Micros, iso
from loopwright.monitoring.explanation import Explanation
from loopwright.monitoring.incident import Incident

FEW = 20


def show_incidents(found: IncidentList) -> None:
    """A line each, and the silences."""
    if not found.incidents:
        line("no incident")
    rows = [
        (one.id[:12], one.endpoint, one.state, one.severity, one.owner, _at(one.opened_at), _few(one.checks, 2),
         _few(one.columns, 3), one.silenced and one.silenced[:12])
        for one in found.incidents
    ]  # fmt: skip
    if rows:
        table(["incident", "endpoint", "state", "severity", "owner", "opened", "checks", "columns", "silenced"], rows)
    for silence in found.silences:
        line(f"{silence.id[:12]} silences until {_at(silence.until)}, by {silence.actor}: {silence.reason}")


def show_incident(found: IncidentView) -> None:
    """An incident in full."""
    incident = found.incident
    line(f"{incident.id}: {incident.state}, {incident.severity}, on {found.endpoint}, {incident.cause[:40]}")
    line(f"  opened {_at(incident.opened_at)}, owner {incident.owner or 'nobody'}")
    _stands(incident)
    if found.silence is not None:
        line(f"  silenced until {_at(found.silence.until)} by {found.silence.actor}: {found.silence.reason}")
    rows = [
        (f.check, f.severity, f.value, f.threshold, f.failures, f.passes, f.latest, _at(f.last_at), _few(f.columns, 5))
        for f in incident.findings[:FEW]
    ]
    table(["check", "severity", "figure", "against", "failed", "passed since", "now", "last failed", "columns"], rows)
    if incident.explanation is not None:
        _explained(incident.explanation)
    for word in found.words:
        line(f"  {_at(word.at)} {word.actor} {word.verb}: {word.reason}")
    if found.notifications:
        show_notifications(found.notifications)
    line(f"  loopwright trace incident:{incident.id}")


def show_notifications(found: Sequence[Notification]) -> None:
    """A line each."""
    if not found:
        line("no message")
        return
    rows = [
        (one.id[:12], one.incident[:12], one.news, one.channel.name, one.state, one.attempts, _at(one.at), one.why[:80])
        for one in found
    ]
    table(["message", "incident", "news", "channel", "state", "attempts", "at", "why"], rows, right=["attempts"])


def _stands(incident: Incident) -> None:
    if incident.acknowledged is not None:
        line(f"  acknowledged by {incident.acknowledged.actor} {_at(incident.acknowledged.at)}")
    if incident.mending is not None and incident.resolution is None:
        line(f"  version {incident.mending.version[:12]} is watched since {_at(incident.mending.since)} for mending it")
    if incident.resolution is not None:
        line(f"  ended {_at(incident.resolution.at)}, {incident.resolution.ending}: {incident.resolution.reason}")


def _explained(explanation: Explanation) -> None:
    if explanation.changed_at is not None:
        line(f"  changed about {_at(explanation.changed_at)}, by {explanation.changed_by}")
    if explanation.columns:
        rows = [(c.column, c.effect, c.evidence, c.check) for c in explanation.columns]
        table(["column", "effect", "evidence", "check"], rows)
    for segment in explanation.segments:
        line(f"  segment: {segment_text(segment)}")
    if explanation.upstream:
        rows_of = [(_at(u.at), u.what, u.said, f"event:{u.seq}", u.subject[:40]) for u in explanation.upstream]
        table(["before it", "what", "", "event", "trace"], rows_of)
    for one in explanation.missing:
        line(f"  not known: {one}")


def _at(at: Micros) -> str:
    return iso(at)[:16].replace("T", " ")


def _few(names: Sequence[str], count: int) -> str:
    return ", ".join(names[:count]) + (f" +{len(names) - count}" if len(names) > count else "")
