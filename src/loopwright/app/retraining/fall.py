"""A champion that has fallen far before its own gate: the best earlier one that still passes takes its place again."""

from typing import Any

import msgspec

from loopwright.app.loop import Loop
from loopwright.app.monitor.judges.reevaluation import Fall
from loopwright.app.monitor.watch import Watch
from loopwright.app.releases.operations import Done, Word
from loopwright.app.releases.rollback import Because, roll_back
from loopwright.app.releases.starting import declared, hindrance
from loopwright.app.retraining.brakes import DAY
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, iso
from loopwright.core.hashing import Digest
from loopwright.monitoring.rules.reevaluation import ReevaluationRule
from loopwright.release.freeze import frozen_until
from loopwright.store.ledger import Record

KIND = "champion_fall"
CONTROLLER = "controller"


def answer_fall(workspace: Workspace, loop: Loop, watch: Watch | None) -> Done | None:
    """Roll back what re-evaluation found fallen, in one commit with its evidence; None where nothing is to be done.

    Nothing is rolled back while a release is under way, which may be the repair; while the kill switch is on; in a
    freeze window; and on what was found before the last period of the rule.
    """
    if watch is None or watch.version != champion_of(workspace, loop.name):
        return None
    for rule in loop.monitor:
        found = fall_in(rule, watch, now=workspace.clock.now()) if isinstance(rule, ReevaluationRule) else None
        if found is not None and found.to is not None and not _held(workspace, loop):
            return _roll_back(workspace, loop, watch, found=found, to=found.to)
    return None


def fall_in(rule: ReevaluationRule, watch: Watch, *, now: Micros) -> Fall | None:
    """The fall that a rule's last look has found, if it is about this champion and not outdated. Pure."""
    state: Any = watch.states.get(rule.name)
    if not state:
        return None
    found = msgspec.convert(state, Fall)
    fresh = now - found.at < rule.period_us + DAY
    return found if fresh and found.version == watch.version else None


def _held(workspace: Workspace, loop: Loop) -> str:
    """Why the champion may not move now, in words; empty where it may."""
    until = frozen_until(tuple(loop.retraining.freeze), workspace.clock.now())
    if until is not None:
        return f"frozen until {iso(until)[:16]}Z"
    return hindrance(workspace, loop.name, declared(loop, override=False))


def _roll_back(workspace: Workspace, loop: Loop, watch: Watch, *, found: Fall, to: Digest) -> Done:
    incidents = [one for one in watch.book.open.values() if one.cause == f"version:{watch.version}"]
    causes = tuple(watch.opened[one.id] for one in incidents if one.id in watch.opened)
    record = Record(
        kind=KIND,
        id=f"{loop.name}/{found.version[:16]}/{found.at}",
        data=msgspec.to_builtins(found),
        facets={"endpoint": loop.name, "from": found.version, "to": to},
        at=workspace.clock.now(),
    )
    word = Word(actor=CONTROLLER, reason=f"re-evaluation: {found.why}; {to[:12]} passes on the same rows")
    return roll_back(workspace, loop.name, word, to=to, because=Because(events=causes, records=(record,)))
