"""Silences: nobody is told for a while. What happens is recorded all the same. Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from loopwright.core.clock import Micros
from loopwright.monitoring.incident import Finding, Incident


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody is told of incidents that match, until a time.

    Attributes:
        id: As `sil_…`.
        until: When it ends.
        actor: Who made it.
        reason: Why.
        at: When it was made.
        incident: Only this incident, whatever joins it.
        cause, check, column: Patterns as of a shell; what is left out matches everything.
        endpoint: Only incidents of this endpoint.
    """

    id: str
    until: Micros
    actor: str
    reason: str
    at: Micros
    incident: str | None = None
    cause: str | None = None
    check: str | None = None
    column: str | None = None
    endpoint: str | None = None


def silencing(incident: Incident, silences: Iterable[Silence], *, endpoint: str, at: Micros) -> Silence | None:
    """The silence that keeps an incident quiet, if one does.

    It must cover the whole incident: a check, or a column, that it does not match is worth a message.
    """
    return next((s for s in silences if at < s.until and _covers(s, incident, endpoint)), None)


def _covers(silence: Silence, incident: Incident, endpoint: str) -> bool:
    if silence.endpoint not in (None, endpoint) or silence.incident not in (None, incident.id):
        return False
    if silence.cause is not None and not fnmatchcase(incident.cause, silence.cause):
        return False
    return all(_covers_finding(silence, finding) for finding in incident.findings)


def _covers_finding(silence: Silence, finding: Finding) -> bool:
    if silence.check is not None and not fnmatchcase(finding.check, silence.check):
        return False
    if silence.column is None:
        return True
    return bool(finding.columns) and all(fnmatchcase(column, silence.column) for column in finding.columns)
