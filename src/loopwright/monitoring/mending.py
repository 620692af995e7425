"""What happens to open incidents when a new version answers, when time passes, and when a rule is gone. Pure."""

from collections.abc import Collection

import msgspec

from loopwright.core.clock import Micros
from loopwright.monitoring.incident import Finding, IncidentAction, IncidentBook, Mending, Told, resolve

MODEL = "version:"
"""How causes begin that are about a model."""


def under_new_version(book: IncidentBook, version: str, *, at: Micros, moved: tuple[int, ...]) -> Told:
    """The book when another version begins to answer: incidents about the model are mending, others stay as they are.

    Verdicts on the new version reach a mending incident: those that pass confirm that it is fixed, one that fails
    reopens it.
    """
    after, actions = IncidentBook(), list[IncidentAction]()
    for incident in book.open.values():
        if not incident.cause.startswith(MODEL):
            after = after.with_incident(incident)
            continue
        changed = incident.with_(
            cause=MODEL + version,
            state="mending",
            mending=Mending(version=version, since=at, moved=moved),
            updated_at=at,
            findings=tuple(_anew(finding) for finding in incident.findings),
        )
        after = after.with_incident(changed)
        reason = f"version {version[:12]} answers now; its looks will show whether it is fixed"
        actions.append(IncidentAction(kind="incident_mending", incident=changed, reason=reason))
    return after, tuple(actions)


def overdue(book: IncidentBook, *, at: Micros, rules: Collection[str], allowed: Micros) -> Told:
    """The book after closing what will get no verdict.

    Args:
        book: Before.
        at: Now.
        rules: Names of the rules that the loop file declares.
        allowed: How long a mending incident waits for its checks to pass.
    """
    actions = list[IncidentAction]()
    for cause, incident in list(book.open.items()):
        watched = [finding for finding in incident.findings if not finding.rule or finding.rule in rules]
        if not watched:
            reason = "the loop file declares none of its rules any more"
            book, said = resolve(book, cause, reason=reason, at=at, ending="unwatched")
        elif incident.mending and at - incident.mending.since >= allowed:
            waiting = ", ".join(finding.check for finding in watched if not finding.passes)
            reason = f"not confirmed: no verdict on {waiting or 'it'} in the time allowed"
            book, said = resolve(book, cause, reason=reason, at=at, ending="not_confirmed")
        else:
            continue
        actions += said
    return book, tuple(actions)


def unconfirmed(book: IncidentBook, champion: str) -> int:
    """How many incidents wait for this champion's looks to show that it has fixed them, or will from the next look on.

    Those that were opened on the champion itself wait for nobody.
    """
    return sum(
        incident.mending is not None or incident.cause != MODEL + champion
        for incident in book.open.values()
        if incident.cause.startswith(MODEL)
    )


def _anew(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, passes=0, latest=None)
