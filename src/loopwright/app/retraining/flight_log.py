"""Writing a retrain down: its decision, its progress, its end. What belongs together is one commit."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.app.releases.running import turn_ref
from loopwright.app.retraining.budget import Price
from loopwright.app.retraining.cause import Cause
from loopwright.app.retraining.changed import change_ref
from loopwright.app.retraining.effects import decision_of, effects_of
from loopwright.app.retraining.outcome import Result, result_of
from loopwright.app.retraining.past import Ended, past_of
from loopwright.app.retraining.requests import Request
from loopwright.app.retraining.retrain import Retrain, StepProgress, flight_ref
from loopwright.app.retraining.said import Said
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import Event, EventDraft
from loopwright.errors import ConflictError
from loopwright.store.ledger import Record

CONTROLLER = "controller"
MOST_UNSETTLED = 20


def decide(
    workspace: Workspace, retrain: Retrain, cause: Cause, *, request: Request | None, change: Micros | None
) -> Retrain:
    """Write that a retrain starts: a kill on the way counts as a retrain, and the cooldown holds.

    Args:
        workspace: The workspace.
        retrain: What is about to start.
        cause: Why.
        request: The wish that this answers.
        change: When the stream changed, where the loop learns from there.

    Raises:
        ConflictError: Another one is under way.
    """
    ledger, flight = workspace.stores.ledger, flight_ref(workspace, retrain.loop)
    data: dict[str, Any] = {
        "decision": "run", "cause": cause.name, "reason": cause.reason, "trigger": retrain.trigger,
        "retrain": retrain.id,
    }  # fmt: skip
    moves: dict[str, str | None] = {flight: retrain.id}
    if change is not None:
        data["changed_at"] = change
        moves[change_ref(workspace, retrain.loop)] = str(change)
    draft = _draft(workspace, "retrain_decided", retrain, data=data, caused_by=cause.events)
    past = past_of(workspace, retrain.loop).with_start(retrain.started_at)
    records = [retrain.record(retrain.started_at), past.record(retrain.loop, retrain.started_at)]
    records += [request.turned("started").record()] if request else []
    written = ledger.commit(expect={flight: None}, moves=moves, records=records, events=[draft])
    decided = msgspec.structs.replace(retrain, decided=written[0].seq)
    ledger.commit(records=[decided.record(retrain.started_at)], durability="normal")
    return decided


def suppress(workspace: Workspace, loop: str, cause: Cause, *, reason: str, trigger: str) -> None:
    """Write, once for each cause and reason, that a retrain was held back."""
    past, now = past_of(workspace, loop), workspace.clock.now()
    if past.suppressed.get(cause.name) == reason:
        return
    draft = EventDraft(
        kind="retrain_decided",
        subject=f"loop:{loop}",
        data={"decision": "suppressed", "cause": cause.name, "reason": reason, "trigger": trigger},
        caused_by=cause.events,
        actor=CONTROLLER,
        namespace=workspace.namespace,
        logical_at=now,
    )
    record = past.with_suppressed(cause.name, reason).record(loop, now)
    workspace.stores.ledger.commit(records=[record], events=[draft])


def note_progress(workspace: Workspace, retrain: Retrain, progress: StepProgress | None) -> Retrain:
    """The retrain with how far it is, written where it moved on."""
    if progress is None or progress == retrain.progress:
        return retrain
    moved = msgspec.structs.replace(retrain, progress=progress)
    workspace.stores.ledger.commit(records=[moved.record(retrain.started_at)], durability="normal")
    return moved


def conclude(
    workspace: Workspace, retrain: Retrain, said: Said, *, price: Price | None, seconds: float | None
) -> Retrain | None:
    """Write how a retrain ended; None where somebody else has written it.

    Args:
        workspace: The workspace.
        retrain: As it was decided.
        said: What its process said; nothing where it could not.
        price: What training costs.
        seconds: How long it took, where this process has seen it; by the journal's times otherwise.
    """
    ledger = workspace.stores.ledger
    decision = decision_of(ledger, retrain.id)
    effects = effects_of(ledger, decision.seq) if decision else ()
    result = result_of(said, effects)
    took = _between(decision, effects) if seconds is None else seconds
    ended = _ended(workspace, retrain, result, decided=decision.seq if decision else 0, seconds=took, price=price)
    past = past_of(workspace, retrain.loop).with_end(
        Ended(
            id=ended.id, cause=ended.cause, started_at=ended.started_at, ended_at=ended.ended_at,
            outcome=result.outcome, seconds=took, settled=result.settled,
        )
    )  # fmt: skip
    causes = (*((decision.seq,) if decision else ()), *result.events[-1:])
    draft = _draft(workspace, "retrain_finished", ended, data=_facts(ended), caused_by=causes)
    now, flight = ended.ended_at, flight_ref(workspace, retrain.loop)
    records = [ended.record(ended.started_at), past.record(retrain.loop, now), *_run_over(workspace, effects)]
    try:
        written = ledger.commit(expect={flight: retrain.id}, moves={flight: None}, records=records, events=[draft])
    except ConflictError:
        return None
    return msgspec.structs.replace(ended, finished=written[0].seq)


def settle(workspace: Workspace, loop: str) -> None:
    """Link the releases of retrains that have ended: whether what came of them was promoted or taken back."""
    past = past_of(workspace, loop)
    for ended in past.ended[-MOST_UNSETTLED:]:
        if ended.outcome != "released" or ended.settled or not ended.id:
            continue
        record = workspace.stores.ledger.record("retrain", ended.id)
        release = _release_of(workspace, record) if record else None
        if record is not None and release is not None and release.facets["status"] != "running":
            _settle(workspace, record, release, cause=ended.id)


def _settle(workspace: Workspace, record: Record, release: Record, *, cause: str) -> None:
    now, settled = workspace.clock.now(), str(release.facets["status"])
    retrain = msgspec.convert({**record.data, "settled": settled, "release": release.id}, Retrain)
    moves = workspace.stores.ledger.history(turn_ref(workspace, retrain.loop))
    ends = [move.seq for move in moves if move.seq and str(move.target).startswith(f"{release.id}#")]
    finished = [e.seq for e in effects_of(workspace.stores.ledger, retrain.decided) if e.kind == "retrain_finished"]
    draft = _draft(
        workspace,
        "retrain_settled",
        retrain,
        data={"retrain": retrain.id, "release": release.id, "outcome": settled, "candidate": retrain.candidate},
        caused_by=(*finished[:1], *ends[-1:]),
    )
    past = past_of(workspace, retrain.loop).with_settled(cause, settled)
    records = [retrain.record(retrain.started_at), past.record(retrain.loop, now)]
    workspace.stores.ledger.commit(records=records, events=[draft])


def _release_of(workspace: Workspace, record: Record) -> Record | None:
    """The release of what a retrain made: the one it started, or a later one of a version that waited."""
    ledger, named = workspace.stores.ledger, str(record.data.get("release", ""))
    if named:
        return ledger.record("release", named)
    found = ledger.search("release", where={"candidate": str(record.data.get("candidate", ""))}, limit=1)
    return found[0] if found and found[0].at >= record.at else None


def _ended(
    workspace: Workspace, retrain: Retrain, result: Result, *, decided: int, seconds: float, price: Price | None
) -> Retrain:
    return msgspec.structs.replace(
        retrain,
        state="ended",
        decided=decided,
        outcome=result.outcome,
        why=result.why,
        run=result.run,
        verdict=result.verdict,
        candidate=result.candidate,
        release=result.release,
        settled=result.settled,
        seconds=round(seconds, 3),
        cost=price.of(seconds) if price else None,
        ended_at=workspace.clock.now(),
    )


def _facts(retrain: Retrain) -> Mapping[str, Any]:
    """What the journal says at the end."""
    return {
        "outcome": retrain.outcome,
        "why": retrain.why,
        "retrain": retrain.id,
        "run": retrain.run,
        "verdict": retrain.verdict,
        "candidate": retrain.candidate,
        "release": retrain.release,
        "seconds": retrain.seconds,
        "cost": str(retrain.cost) if retrain.cost else "",
    }


def _draft(
    workspace: Workspace, kind: str, retrain: Retrain, *, data: Mapping[str, Any], caused_by: tuple[int, ...]
) -> EventDraft:
    return EventDraft(
        kind=kind,
        subject=f"loop:{retrain.loop}",
        data=dict(data),
        caused_by=caused_by,
        actor=retrain.actor,
        namespace=workspace.namespace,
        logical_at=workspace.clock.now(),
    )


def _between(decision: Event | None, effects: tuple[Event, ...]) -> float:
    """Seconds by the machine's clock from the decision to the last that it led to."""
    return max(0.0, (effects[-1].at - decision.at) / SECOND) if decision and effects else 0.0


def _run_over(workspace: Workspace, effects: tuple[Event, ...]) -> list[Record]:
    """The records of runs that nobody ends any more, as failed."""
    ids = [event.subject.partition(":")[2] for event in effects if event.kind == "run_started"]
    found = (workspace.stores.ledger.record("run", id_) for id_ in ids)
    return [
        Record(
            kind="run",
            id=record.id,
            data=record.data | {"status": "failed"},
            facets=record.facets | {"status": "failed"},
            at=record.at,
        )
        for record in found
        if record is not None and record.facets.get("status") == "running"
    ]
