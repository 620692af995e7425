"""What was changed before a stream did: data, contracts, code, feature views, releases, settings, from the journal."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import Event
from loopwright.monitoring.explanation import Upstream
from loopwright.monitoring.rules.rule import DAY
from loopwright.registry.bundle import read_manifest
from loopwright.store.ledger import Ledger

BEFORE: Micros = 7 * DAY
AFTER: Micros = DAY
"""An estimate of when a stream changed is good to a day."""
MOST = 10
ROUTINE = 3
_PAGE = 5_000
_Found = tuple[str, str]


def upstream(workspace: Workspace, changed_at: Micros) -> tuple[Upstream, ...]:
    """What was changed in the week before, the nearest first; of what happened again and again the last time."""
    found: dict[tuple[str, str], Upstream] = {}
    times: Counter[tuple[str, str]] = Counter()
    for event in between(workspace.stores.ledger, changed_at - BEFORE, changed_at + AFTER):
        for what, said in _READ.get(event.kind, _nothing)(workspace, event):
            times[what, event.subject] += 1
            found[what, event.subject] = Upstream(
                what=what,
                said=said,
                subject=event.subject,
                seq=event.seq,
                at=event.logical_at,
                before_us=changed_at - event.logical_at,
            )
    shown = [_marked(one, times[key]) for key, one in found.items()]
    return tuple(sorted(shown, key=lambda one: -one.at)[:MOST])


def between(ledger: Ledger, since: Micros, until: Micros) -> Iterator[Event]:
    """Events of a half-open span of the workspace's time, oldest first, found without reading all before it."""
    after = _last_before(ledger, since)
    while page := ledger.read(after=after, limit=_PAGE):
        for event in page:
            if event.logical_at >= until:
                return
            if event.logical_at >= since:
                yield event
        after = page[-1].seq


def _last_before(ledger: Ledger, at: Micros) -> int:
    """The number of an event before which all are older than `at`; times of the journal do not go back."""

    def old(seq: int) -> bool:
        page = ledger.read(after=seq - 1, limit=1)
        return bool(page) and page[0].logical_at < at

    low, step = 0, 1
    while old(low + step):
        low, step = low + step, step * 2
    high = low + step
    for _ in range(high.bit_length()):
        middle = (low + high) // 2
        if middle == low:
            break
        low, high = (middle, high) if old(middle) else (low, middle)
    return low


def _marked(one: Upstream, times: int) -> Upstream:
    if times < ROUTINE:
        return one
    return Upstream(
        what=one.what,
        said=f"{one.said} (one of {times} such in those days)",
        subject=one.subject,
        seq=one.seq,
        at=one.at,
        before_us=one.before_us,
        routine=True,
    )


def _nothing(workspace: Workspace, event: Event) -> Iterator[_Found]:  # noqa: ARG001 - the form of a reader
    yield from ()


def _landed(workspace: Workspace, event: Event) -> Iterator[_Found]:
    name = event.subject.partition(":")[2]
    yield "data", f"{event.data.get('rows', 0):,} rows landed in {name}"
    vanished = event.data.get("vanished") or []
    if vanished:
        yield "data source", f"{len(vanished)} files vanished from the source of {name}"
    now, was = (_schema(workspace, event.data.get(which)) for which in ("version", "previous"))
    if was and now != was:
        yield "contract", f"the columns of {name} changed: {_changed(was, now)}"


def _schema(workspace: Workspace, version: Any) -> dict[str, str]:
    record = workspace.stores.ledger.record("dataset_version", version) if version else None
    schema = record.data.get("schema") if record else None
    return {str(k): str(v) for k, v in (schema.items() if isinstance(schema, Mapping) else schema or ())}


def _changed(was: Mapping[str, str], now: Mapping[str, str]) -> str:
    said = [f"{name} is new" for name in now if name not in was]
    said += [f"{name} is gone" for name in was if name not in now]
    said += [f"{name} was {was[name]}, is {now[name]}" for name in now if name in was and was[name] != now[name]]
    return ", ".join(said[:5])


def _refused(workspace: Workspace, event: Event) -> Iterator[_Found]:  # noqa: ARG001 - the form of a reader
    yield "refusal", f"rows of {event.subject.partition(':')[2]} broke their contract and did not land"


def _registered(workspace: Workspace, event: Event) -> Iterator[_Found]:
    name, number = event.subject.partition(":")[2], int(event.data.get("number", 0))
    known = {
        int(record.data["number"]): record.data
        for record in workspace.stores.ledger.search("model_version", where={"name": name}, limit=10_000)
        if int(record.data["number"]) <= number
    }
    newest = [known[key] for key in sorted(known)][-2:]
    for before, after in pairwise(newest):
        if before["provenance"]["code"] != after["provenance"]["code"]:
            yield "code", f"the code of version {number} of {name} is new"
        if _views(workspace, before["digest"]) != _views(workspace, after["digest"]):
            yield "features", f"the feature views of version {number} of {name} are new"


def _views(workspace: Workspace, version: str) -> str | None:
    return read_manifest(workspace.stores.blobs, version).parts.get("features")


def _moved(workspace: Workspace, event: Event) -> Iterator[_Found]:  # noqa: ARG001 - the form of a reader
    to = str(event.data.get("to") or event.data.get("version") or "")
    yield "champion", f"{event.subject.partition(':')[2]} moved to version {to[:12]}"


def _released(workspace: Workspace, event: Event) -> Iterator[_Found]:  # noqa: ARG001 - the form of a reader
    outcome = event.data.get("outcome")
    yield "release", f"a release ended: {outcome}" if outcome else "a release began"


def _set(workspace: Workspace, event: Event) -> Iterator[_Found]:  # noqa: ARG001 - the form of a reader
    names = event.data.get("settings")
    named = ", ".join(names) if isinstance(names, list) else event.kind.replace("_", " ")
    yield "setting", f"changed: {named}"


_READ: Mapping[str, Callable[[Workspace, Event], Iterator[_Found]]] = {
    "dataset_landed": _landed,
    "dataset_refused": _refused,
    "version_registered": _registered,
    "ref_moved": _moved,
    "release_started": _released,
    "release_finished": _released,
    "default_declared": _set,
    "settings_changed": _set,
    "releases_killed": _set,
}
