"""Cause and effect in a report, and which tone an event has."""

import re
from collections.abc import Iterator

from loopwright.app.trace import trace
from loopwright.app.workspace import Workspace
from loopwright.core.events import Event
from loopwright.core.hashing import is_digest
from loopwright.errors import LoopwrightError
from loopwright.pictures.charts import number_text
from loopwright.pictures.sections import EventLine, EventList, Section, Text, Tone

_LONG_ID = re.compile(r"([0-9a-f]{8})[0-9a-f]{24,}")
_UNSAID = frozenset({"endpoint", "seed", "threads"})
MARKED: dict[str, Tone] = {
    "incident_opened": "bad",
    "incident_updated": "bad",
    "incident_mending": "warn",
    "incident_reopened": "bad",
    "incident_resolved": "good",
    "incident_acknowledged": "plain",
    "incidents_silenced": "warn",
    "settings_changed": "plain",
    "retrain_decided": "plain",
    "override_recorded": "warn",
    "release_started": "plain",
    "release_paused": "warn",
    "releases_killed": "bad",
    "releases_allowed": "good",
    "arm_tripped": "bad",
    "release_finished": "plain",
}
TONES: dict[str, Tone] = {
    "promoted": "good",
    "rolled_back": "bad",
    "inconclusive": "warn",
    "aborted": "warn",
    "pass": "good",
    "warn": "warn",
    "fail": "bad",
    "unknown": "warn",
}


def chain(workspace: Workspace, subject: str) -> Iterator[Section]:
    """The chain of cause and effect of a subject, as `incident:inc_…`; one section."""
    try:
        links = trace(workspace, subject).links
    except LoopwrightError as error:
        yield Text(title="Why", paragraphs=(f"{error.what}.",))
        return
    lines = (
        EventLine(
            at=link.event.logical_at,
            kind=link.event.kind,
            subject=link.event.subject,
            text=" · ".join(_facts(link.event)),
            depth=link.depth,
            tone=TONES.get(str(link.event.data.get("outcome", "")), MARKED.get(link.event.kind, "plain")),
        )
        for link in links
    )
    yield EventList(title=f"Why: {subject}", events=tuple(lines), note="Causes before effects, from the journal.")


def _facts(event: Event) -> Iterator[str]:
    """What an event says, for a reader: instants are left out, digests cut, durations in seconds."""
    for name, value in event.data.items():
        said = name not in _UNSAID and not name.endswith("_at")
        if said and isinstance(value, str | int | float) and value != "":
            yield f"{name.removesuffix('_us').replace('_', ' ')} {_fact(name, value)}"


def _fact(name: str, value: str | float) -> str:
    if isinstance(value, str):
        return value[:12] if is_digest(value) else _LONG_ID.sub(r"\1…", value)
    if name.endswith("_us"):
        return f"{value / 1e6:.3g} s"
    return str(value).lower() if isinstance(value, bool) else number_text(value)
