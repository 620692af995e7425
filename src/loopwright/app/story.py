"""What a replay's journal tells, chapter by chapter: the events that carry each, and the figures that matter."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from loopwright.app.replay import ReplayResult
from loopwright.core.clock import iso
from loopwright.core.events import Event

Chosen = Callable[[Event], bool]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """One chapter. `told` is false where the journal has nothing for it."""

    number: int
    title: str
    text: str
    events: tuple[int, ...]
    told: bool


def chapters(events: Sequence[Event], result: ReplayResult) -> tuple[Chapter, ...]:
    """The nine chapters of a whole loop.

    Args:
        events: The journal, oldest first.
        result: How the replay went.
    """
    first = next((e.seq for e in events if e.kind == "ref_moved"), 0)
    early = [event for event in events if event.seq <= first]
    later = [event for event in events if event.seq > first]
    return (
        _chapter(
            1,
            "data",
            [*_of(events, "dataset_landed")[:3], *_of(events, "dataset_refused")],
            say=_data,
            told=lambda chosen: {"dataset_landed", "dataset_refused"} <= _kinds(chosen),
        ),
        _chapter(
            2,
            "features",
            [e for e in _of(early, "step_finished") if str(e.data.get("step", "")).startswith("training_set")],
            say=_seconds,
        ),
        _chapter(
            3, "training", [e for e in _of(early, "step_finished") if e.data.get("step") == "train"], say=_seconds
        ),
        _chapter(4, "gate and first champion", [*_of(early, "gate_judged"), *_of(early, "ref_moved")], say=_gate),
        _served(events, result),
        _chapter(6, "incident", _of(later, "incident_opened")[:1], say=_incident),
        _chapter(7, "retrain, canary, new champion", _first_release(later), say=_release, told=_resolved),
        _chapter(8, "refused and rolled back", _bad_candidates(later), say=_bad, told=_both_stopped),
        _chapter(9, "proof", _of(later, "version_reproduced"), say=_proof, told=_proven),
    )


def _chapter(
    number: int,
    title: str,
    chosen: Sequence[Event],
    *,
    say: Callable[[Sequence[Event]], str],
    told: Callable[[Sequence[Event]], bool] = bool,
) -> Chapter:
    text = say(chosen) if chosen else "the journal has nothing here"
    seen = tuple(event.seq for event in chosen)
    return Chapter(number=number, title=title, text=text, events=seen, told=bool(chosen) and told(chosen))


def _kinds(events: Iterable[Event]) -> set[str]:
    return {event.kind for event in events}


def _of(events: Iterable[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event.kind in kinds]


def _data(chosen: Sequence[Event]) -> str:
    landed = [
        f"{event.subject.partition(':')[2]} {event.data.get('rows', 0):,} rows"
        for event in _of(chosen, "dataset_landed")
    ]
    refused = len(_of(chosen, "dataset_refused"))
    return ", ".join(landed) + (f"; {refused} file refused, every failure named" if refused else "")


def _seconds(chosen: Sequence[Event]) -> str:
    return ", ".join(f"{event.data['step']} in {event.data['duration_us'] / 1e6:.2f} s" for event in chosen)


def _gate(chosen: Sequence[Event]) -> str:
    checks: dict[str, str] = _of(chosen, "gate_judged")[0].data.get("checks", {})
    return ", ".join(f"{check} {outcome.replace('_', ' ')}" for check, outcome in checks.items())


def _served(events: Sequence[Event], result: ReplayResult) -> Chapter:
    play, parity = result.play, result.parity
    text = f"{play.requests:,} requests answered, {play.failed} failed"
    if parity is not None:
        text += f"; features of {parity.rows:,} requests recomputed offline, {parity.mismatches} differ"
    labels = _of(events, "labels_landed")
    seen = tuple(event.seq for event in (labels[:1] + labels[-1:]))
    told = play.requests > 0 and play.failed == 0 and parity is not None and parity.holds
    return Chapter(number=5, title="serving, feedback, parity", text=text, events=seen, told=told)


def _incident(chosen: Sequence[Event]) -> str:
    data = chosen[0].data
    figures = [f"{check} at {value:.4g}" for check, value in data.get("figures", {}).items() if value is not None]
    return f"{', '.join(figures)}: {data.get('reason')}"


def _first_release(later: Sequence[Event]) -> list[Event]:
    ended = next((e for e in later if e.kind == "release_finished" and e.data.get("outcome") == "promoted"), None)
    if ended is None:
        return []
    kinds = ("retrain_decided", "gate_judged", "release_started", "release_step", "release_finished", "ref_moved")
    opened = next((e for e in later if e.kind == "incident_opened"), None)
    since, subject = (opened.seq, opened.subject) if opened is not None else (0, "")
    watched = [e for e in later if e.subject == subject and e.kind in ("incident_reopened", "incident_resolved")]
    return [e for e in later if e.kind in kinds and since <= e.seq <= ended.seq + 1] + watched[-1:]


def _release(chosen: Sequence[Event]) -> str:
    ended = _of(chosen, "release_finished")[-1].data
    shares = [f"{e.data['share']:.0%}" for e in _of(chosen, "release_started", "release_step")]
    canary = f"canary {', '.join(shares)}; promoted after {ended['requests']:,} requests and {ended['labels']:,} labels"
    last = chosen[-1]
    if last.kind == "incident_reopened":
        return f"{canary}; the incident came back on {iso(last.logical_at)[:10]}: {last.data.get('reason')}"
    if last.kind != "incident_resolved":
        return f"{canary}; the incident was not resolved before the replay ended"
    return f"{canary}; incident resolved on {iso(last.logical_at)[:10]}: {last.data.get('reason')}"


def _resolved(chosen: Sequence[Event]) -> bool:
    """Whether the new version was seen to fix what it was trained for."""
    last = chosen[-1]
    return last.kind == "incident_resolved" and last.data.get("ending") not in ("not_confirmed", "unwatched")


def _bad_candidates(later: Sequence[Event]) -> list[Event]:
    promoted = next(
        (e.seq for e in later if e.kind == "release_finished" and e.data.get("outcome") == "promoted"), None
    )
    if promoted is None:
        return []
    kinds = ("gate_judged", "act_refused", "override_recorded", "release_started", "arm_tripped", "release_finished")
    return [e for e in later if e.kind in kinds and e.seq > promoted]


def _bad(chosen: Sequence[Event]) -> str:
    said: list[str] = []
    if _of(chosen, "act_refused"):
        said.append("shuffled labels: refused by the gate")
    for event in _of(chosen, "arm_tripped"):
        said.append(f"the faulty one: let in by an override, stopped by the breaker ({event.data.get('cause')})")
    said += [f"release {str(e.data.get('outcome')).replace('_', ' ')}" for e in _of(chosen, "release_finished")]
    return ", ".join(said)


def _both_stopped(chosen: Sequence[Event]) -> bool:
    """Whether one candidate was refused, and another one stopped by the breaker and rolled back."""
    tripped = {event.subject for event in _of(chosen, "arm_tripped")}
    ended = {e.subject for e in _of(chosen, "release_finished") if e.data.get("outcome") == "rolled_back"}
    return "act_refused" in _kinds(chosen) and bool(tripped & ended)


def _proven(chosen: Sequence[Event]) -> bool:
    return chosen[-1].data.get("verdict") in ("identical", "equivalent")


def _proof(chosen: Sequence[Event]) -> str:
    return f"the champion was rebuilt: {chosen[-1].data.get('verdict')}"


def untold(found: Sequence[Chapter]) -> tuple[Chapter, ...]:
    """Chapters for which the data or the machine gave nothing."""
    return tuple(chapter for chapter in found if not chapter.told)


def as_json(found: Sequence[Chapter]) -> list[dict[str, Any]]:
    """Chapters as plain JSON."""
    return [msgspec.to_builtins(chapter) for chapter in found]
