"""Retraining by itself, with brakes.

What sets it off, what holds it back, and what became of it, all in the journal.
"""

from typing import Literal

import msgspec

from loopwright.app.cron import Cron, due
from loopwright.app.loop import Loop, OnAlert, OnNewData, Trigger
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.monitor.watch import Watch
from loopwright.app.releases.running import running_release
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros, iso
from loopwright.core.events import EventDraft
from loopwright.errors import GateFailedError, LoopwrightError, NoVerdictError
from loopwright.registry.version import versions
from loopwright.store.ledger import Record

DAY: Micros = 86_400 * SECOND


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a retrain is wanted: a name that stays the same for the same cause, words, and the events behind it."""

    name: str
    reason: str
    events: tuple[int, ...] = ()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """Earlier retrains of a loop: when they started, and which causes were suppressed for which reason already."""

    started: tuple[Micros, ...] = ()
    suppressed: dict[str, str] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the brakes say."""

    action: Literal["run", "suppress"]
    reason: str


def brakes(trigger: Trigger, past: Past, *, releasing: bool, now: Micros) -> Decision:
    """Whether a wanted retrain may start. Pure.

    Args:
        trigger: Its cooldown, and for alerts its maximum a day.
        past: Earlier retrains.
        releasing: Whether a release is under way; one retrain at a time, its release included.
        now: The workspace's time.
    """
    if releasing:
        return Decision(action="suppress", reason="a release is under way")
    if past.started and now - past.started[-1] < trigger.cooldown:
        return Decision(action="suppress", reason="the last retrain is within the cooldown")
    today = [at for at in past.started if now - at < DAY]
    if isinstance(trigger, OnAlert) and len(today) >= trigger.max_per_day:
        return Decision(action="suppress", reason=f"{len(today)} retrains in the last day")
    return Decision(action="run", reason="")


def retrain_if_due(workspace: Workspace, loaded: LoadedLoop, watch: Watch | None) -> str | None:
    """Start at most one retrain; returns what became of it.

    Released, promoted, rejected, unchanged, failed, or None.
    """
    loop = loaded.loop
    past = _past(workspace, loop)
    for trigger in loop.retrain:
        cause = _cause(workspace, loop, trigger, watch=watch)
        if cause is None:
            continue
        decision = brakes(
            trigger, past, releasing=running_release(workspace, loop.name) is not None, now=workspace.clock.now()
        )
        if decision.action == "run":
            return _retrain(workspace, loaded, cause, past=past)
        if past.suppressed.get(cause.name) != decision.reason:
            past = _suppress(workspace, loop, cause, decision=decision, past=past)
    return None


def _cause(workspace: Workspace, loop: Loop, trigger: Trigger, *, watch: Watch | None) -> Cause | None:
    if isinstance(trigger, OnAlert):
        if watch is None or not watch.book.open:
            return None
        incident = next(iter(watch.book.open.values()))
        opened = watch.opened.get(incident.id)
        return Cause(
            name=f"incident:{incident.id}",
            reason="; ".join(f.reason for f in incident.findings),
            events=(opened,) if opened else (),
        )
    if isinstance(trigger, Cron):
        return _by_the_clock(workspace, loop, trigger)
    return _new_data(workspace, loop, trigger)


def _by_the_clock(workspace: Workspace, loop: Loop, trigger: Cron) -> Cause | None:
    """The newest time of the schedule since the loop was last trained; before its first version nothing is due."""
    known = versions(workspace.stores.ledger, loop.name, namespace=workspace.namespace, limit=1)
    if not known:
        return None
    started = _past(workspace, loop).started[-1:]
    at = due(trigger, max([known[0].at, *started]), workspace.clock.now())
    if at is None:
        return None
    return Cause(
        name=f"cron:{trigger.expression}:{at}", reason=f"the schedule {trigger.expression!r} of {iso(at)[:16]}Z"
    )


def _new_data(workspace: Workspace, loop: Loop, trigger: OnNewData) -> Cause | None:
    version = champion_of(workspace, loop.name)
    origin = workspace.stores.ledger.record("origin", version) if version else None
    latest = workspace.stores.ledger.ref(workspace.ref("dataset", trigger.dataset, "latest"))
    trained_on = (origin.data.get("pins") or {}).get("versions", {}).get(trigger.dataset) if origin else None
    if latest is None or trained_on is None:
        return None
    rows = [_rows(workspace, digest) for digest in (trained_on, latest)]
    new = rows[1] - rows[0]
    return (
        Cause(name=f"rows:{trigger.dataset}:{latest[:16]}", reason=f"{new} new rows in {trigger.dataset}")
        if new >= trigger.rows
        else None
    )


def _rows(workspace: Workspace, version: str) -> int:
    record = workspace.stores.ledger.record("dataset_version", version)
    return int(record.facets["rows_landed"]) if record else 0


def _past(workspace: Workspace, loop: Loop) -> Past:
    record = workspace.stores.ledger.record("retrains", loop.name)
    return msgspec.convert(record.data, Past) if record else Past()


def _record(loop: Loop, past: Past, now: Micros) -> Record:
    return Record(kind="retrains", id=loop.name, data=msgspec.to_builtins(past), at=now)


def _suppress(workspace: Workspace, loop: Loop, cause: Cause, *, decision: Decision, past: Past) -> Past:
    now = workspace.clock.now()
    data = {"decision": "suppressed", "cause": cause.name, "reason": decision.reason}
    draft = EventDraft(
        kind="retrain_decided",
        subject=f"loop:{loop.name}",
        data=data,
        caused_by=cause.events,
        actor="controller",
        logical_at=now,
    )
    past = msgspec.structs.replace(past, suppressed={**past.suppressed, cause.name: decision.reason})
    workspace.stores.ledger.commit(records=[_record(loop, past, now)], events=[draft])
    return past


def _retrain(workspace: Workspace, loaded: LoadedLoop, cause: Cause, *, past: Past) -> str:
    """Run the loop. The start is written first: a kill on the way counts as a retrain and the cooldown holds."""
    loop, now = loaded.loop, workspace.clock.now()
    data = {"decision": "run", "cause": cause.name, "reason": cause.reason}
    draft = EventDraft(
        kind="retrain_decided",
        subject=f"loop:{loop.name}",
        data=data,
        caused_by=cause.events,
        actor="controller",
        logical_at=now,
    )
    past = Past(started=(*past.started[-99:], now))
    decided = workspace.stores.ledger.commit(records=[_record(loop, past, now)], events=[draft])[0].seq
    outcome, said = "failed", ""
    causes: tuple[int, ...] = (decided,)
    try:
        done = run_loop(workspace, loaded, caused_by=(decided,))
        outcome = {"releasing": "released"}.get(done.judged.status, done.judged.status) if done.judged else "finished"
        causes = (decided, *done.events[-1:])
    except (GateFailedError, NoVerdictError) as error:
        outcome, said = "rejected" if isinstance(error, GateFailedError) else "inconclusive", error.why
    except LoopwrightError as error:
        said = f"{error.code} {error.what}"
    finished = EventDraft(
        kind="retrain_finished",
        subject=f"loop:{loop.name}",
        data={"outcome": outcome, "why": said},
        caused_by=causes,
        actor="controller",
        logical_at=workspace.clock.now(),
    )
    workspace.stores.ledger.commit(events=[finished])
    return outcome
