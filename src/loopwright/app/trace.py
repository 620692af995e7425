"""The chain of cause and effect behind a thing, read from the journal's `caused_by`."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from loopwright.app.trace_times import Course, course_of
from loopwright.app.workspace import Workspace
from loopwright.core.events import Event
from loopwright.errors import NotFoundError, UsageError
from loopwright.store.ledger import Ledger

_PAGE = 5_000
QUIET = frozenset({"clock_set"})


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One event in a chain; `depth` is its distance from the cause that started it."""

    depth: int
    event: Event


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A chain, causes before effects; `course` is an incident's way through it, with the times between its stages."""

    subject: str
    links: tuple[Link, ...]
    course: Course | None = None


def journal(ledger: Ledger) -> Iterator[Event]:
    """Every event, oldest first."""
    after = 0
    while page := ledger.read(after=after, limit=_PAGE):
        yield from page
        after = page[-1].seq


def trace(workspace: Workspace, subject: str) -> Trace:
    """The events about `subject`, everything that caused them, and everything they caused.

    Args:
        workspace: The project's workspace.
        subject: As in the journal (`incident:inc_…`, `release:rel_…`, `run:run_…`, `dataset:flights`), `alert:ID` for
            an incident, `event:SEQ` for one event, `model:NAME@ALIAS` for the version an alias points to, or
            `file:PLACE` for the batch that wrote a file, folder or table.

    Raises:
        NotFoundError: The journal has no such subject.
    """
    events = {event.seq: event for event in journal(workspace.stores.ledger)}
    start = _start(workspace, events, subject)
    if not start:
        known = sorted({event.subject for event in events.values()})
        raise NotFoundError(
            f"the journal has nothing about {subject!r}",
            why=f"it knows {', '.join(known[:12])}{' …' if len(known) > 12 else ''}",
            fix="Name one of those, or an event as event:SEQ.",
        )
    links = tuple(_links(events, _closure(events, start)))
    about_one = all(events[seq].subject.startswith("incident:") for seq in start)
    return Trace(subject=subject, links=links, course=course_of([one.event for one in links]) if about_one else None)


def _start(workspace: Workspace, events: Mapping[int, Event], subject: str) -> set[int]:
    kind, _, name = subject.partition(":")
    if not name:
        raise UsageError(f"{subject!r} does not name a thing", fix="Write kind:name, as model:flight-delay@champion.")
    if kind == "event":
        return {int(name)} & set(events) if name.isdigit() else set()
    if kind == "model" and "@" in name:
        model, _, alias = name.partition("@")
        version = workspace.stores.ledger.ref(workspace.ref("model", model, alias))
        return {
            seq
            for seq, event in events.items()
            if version and version in (event.data.get("version"), event.data.get("to"))
        }
    if kind == "file":
        return {seq for seq, event in events.items() if _wrote(event, name)}
    wanted = _whole_subject(events, f"incident:{name}" if kind == "alert" else subject)
    return {seq for seq, event in events.items() if event.subject == wanted or event.subject.startswith(wanted + "@")}


def _wrote(event: Event, place: str) -> bool:
    """Whether an event says that a batch wrote this file, folder or table, by its place or its content's digest."""
    output = str(event.data.get("output", ""))
    return event.kind == "batch_scored" and place in (output, output.rstrip("/"), event.data.get("output_digest"))


def _whole_subject(events: Mapping[int, Event], subject: str) -> str:
    """The one subject whose beginning this is, as `release:rel_3b5269ae`; else the subject itself."""
    known = {event.subject for event in events.values()}
    longer = [name for name in known if name.startswith(subject)]
    return longer[0] if subject not in known and len(longer) == 1 else subject


def _closure(events: Mapping[int, Event], start: set[int]) -> set[int]:
    """`start`, all its causes, and all its effects. The effects of a cause that are no cause of `start` stay out."""
    effects: dict[int, list[int]] = {}
    for event in events.values():
        for cause in event.caused_by:
            effects.setdefault(cause, []).append(event.seq)
    causes = _reached(start, lambda seq: [cause for cause in events[seq].caused_by if cause in events])
    return causes | _reached(start, lambda seq: effects.get(seq, []))


def _reached(start: set[int], following: Callable[[int], Sequence[int]]) -> set[int]:
    """`start` and everything that `following` leads to from there."""
    queue, seen = list(start), set(start)
    while queue:
        new = [seq for seq in following(queue.pop()) if seq not in seen]
        seen.update(new)
        queue += new
    return seen


def _links(events: Mapping[int, Event], chosen: set[int]) -> Iterator[Link]:
    depth: dict[int, int] = {}
    for seq in sorted(chosen):
        event = events[seq]
        depth[seq] = 1 + max((depth[cause] for cause in event.caused_by if cause in depth), default=-1)
        if event.kind not in QUIET:
            yield Link(depth=depth[seq], event=event)


def describe(event: Event) -> str:
    """The event in one line for a person: what happened, and the figures that matter."""
    kind, _, name = event.subject.partition(":")
    shown = [
        f"{name}={_short(value)}"
        for name, value in event.data.items()
        if isinstance(value, str | int | float | bool) and not name.endswith("_at")
    ]
    about = f"{kind}:{name[:12] if '_' in name else name}"
    return f"{event.kind} {about}" + (f"  {' '.join(shown[:8])}" if shown else "")


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text[:12] + "…" if len(text) > 32 else text
