"""From a chain of cause and effect to its stages and the times between them: how fast a loop mends itself. Pure."""

from collections.abc import Sequence

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import Event

_ENDED = "retrain_finished"
_NAMES = {
    "incident_opened": "alert",
    "incident_acknowledged": "acknowledged",
    "retrain_requested": "retrain asked for",
    "run_started": "run",
    "run_finished": "run ended",
    "gate_judged": "verdict",
    "override_recorded": "override",
    "version_registered": "version registered",
    "release_waiting": "release waits",
    "release_started": "release",
    "release_step": "release step",
    "release_finished": "release ended",
    "ref_moved": "champion moved",
    "incident_mending": "new version watched",
    "incident_resolved": "resolved",
}


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of the way: what, when, by which event, in words, and how long after the stage before it."""

    name: str
    at: Micros
    seq: int
    words: str = ""
    since_us: Micros | None = None


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long each part took, in microseconds of the workspace clock; None where one of its ends is not there.

    Attributes:
        detection_us: From the change of the stream, as estimated, to the alert.
        retraining_us: From the decision to retrain to its end: the run, and the gate.
        training_s: What that took by the machine's clock, in seconds; a replay's own clock stands still meanwhile.
        rollout_us: From the release's start to the move of the champion.
        confirmation_us: From the move of the champion to the incident's end.
        total_us: From the change, or from the alert where no change is known, to the incident's end.
    """

    detection_us: Micros | None = None
    retraining_us: Micros | None = None
    training_s: float | None = None
    rollout_us: Micros | None = None
    confirmation_us: Micros | None = None
    total_us: Micros | None = None


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The stages of an incident's way, oldest first, and the times between them."""

    stages: tuple[Stage, ...]
    times: Times


def course_of(events: Sequence[Event]) -> Course | None:
    """The way from an alert to its end; None where the chain has no alert in it.

    Where several retrains answered one incident, the times are those of the last one that was released, or else of the
    last one.

    Args:
        events: The chain, oldest first.
    """
    alert = next((event for event in events if event.kind == "incident_opened"), None)
    if alert is None:
        return None
    changed = _changed(events)
    stages = [Stage(name="stream changed", at=changed, seq=0, words="as estimated")] if changed is not None else []
    stages += [_stage(event) for event in events if _told(event, alert)]
    spaced = [
        msgspec.structs.replace(stage, since_us=stage.at - stages[place - 1].at if place else None)
        for place, stage in enumerate(stages)
    ]
    return Course(stages=tuple(spaced), times=_times(events, alert, changed))


def _told(event: Event, alert: Event) -> bool:
    if event.kind in ("retrain_decided", _ENDED, "retrain_settled"):
        return event.seq > alert.seq
    if event.subject.startswith("incident:") and event.subject != alert.subject:
        return False
    return event.kind in _NAMES and event.seq >= alert.seq


def _stage(event: Event) -> Stage:
    data = event.data
    if event.kind == "retrain_decided":
        name = f"retrain {data.get('decision')}"
    elif event.kind in (_ENDED, "retrain_settled"):
        name = f"retrain {data.get('outcome')}"
    else:
        name = _NAMES[event.kind]
    return Stage(name=name, at=event.logical_at, seq=event.seq, words=_words(event))


def _words(event: Event) -> str:
    data = event.data
    if event.kind in ("run_started", "release_started", "release_step", "release_finished"):
        share = f", {data['share']:.0%}" if isinstance(data.get("share"), float) else ""
        outcome = f", {data['outcome']}" if data.get("outcome") else ""
        return event.subject.partition(":")[2] + share + outcome.replace("_", " ")
    if event.kind == "gate_judged":
        return str(data.get("outcome", ""))
    if event.kind == "version_registered":
        return f"version {data.get('number')}"
    if event.kind == "ref_moved":
        return f"{str(data.get('to'))[:12]}: {data.get('reason')}"
    return str(data.get("reason") or data.get("why") or "")


def _changed(events: Sequence[Event]) -> Micros | None:
    """When the stream changed, as the incident's explanation or the retrain's decision has it."""
    said = [e.data.get("changed_at") for e in events if e.kind in ("incident_explained", "retrain_decided")]
    return next((int(at) for at in said if at), None)


def _times(events: Sequence[Event], alert: Event, changed: Micros | None) -> Times:
    ends = [e for e in events if e.kind == _ENDED]
    ended = next((e for e in reversed(ends) if e.data.get("outcome") == "released"), ends[-1] if ends else None)
    decided = _before(events, ended, "retrain_decided")
    moved = _moved(events, ended)
    release = _before(events, moved, "release_started")
    resolved = next((e for e in reversed(events) if e.kind == "incident_resolved" and e.subject == alert.subject), None)
    began = alert.logical_at if changed is None else changed
    return Times(
        detection_us=None if changed is None else alert.logical_at - changed,
        retraining_us=_between(decided, ended),
        training_s=_seconds(decided, ended),
        rollout_us=_between(release, moved),
        confirmation_us=_between(moved, resolved),
        total_us=resolved.logical_at - began if resolved else None,
    )


def _before(events: Sequence[Event], end: Event | None, kind: str) -> Event | None:
    """The newest event of the kind before another one."""
    found = [e for e in events if end is not None and e.kind == kind and e.seq < end.seq]
    return next((e for e in reversed(found) if e.data.get("decision", "run") == "run"), None)


def _moved(events: Sequence[Event], ended: Event | None) -> Event | None:
    """The move by which what a retrain made became champion."""
    made = ended.data.get("candidate") if ended is not None else None
    return next((e for e in events if e.kind == "ref_moved" and made and e.data.get("to") == made), None)


def _between(start: Event | None, end: Event | None) -> Micros | None:
    return end.logical_at - start.logical_at if start is not None and end is not None else None


def _seconds(start: Event | None, end: Event | None) -> float | None:
    if start is None or end is None:
        return None
    return float(end.data.get("seconds") or (end.at - start.at) / SECOND)
