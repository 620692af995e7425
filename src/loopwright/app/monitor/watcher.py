"""Watching the champion: each rule is looked at once in each of its periods, and incidents are kept."""

from typing import Any

import msgspec

from loopwright.app.labelled_log import LabelledLog
from loopwright.app.loop import Loop
from loopwright.app.monitor.days import with_looks
from loopwright.app.monitor.incidents import champion_event, incident_event, incident_record
from loopwright.app.monitor.judges.judge import Judge
from loopwright.app.monitor.judges.performance import PERFORMANCE_DAYS
from loopwright.app.monitor.judges.table import JUDGES
from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.watch import Watch, load_watch, save_watch
from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import LoopwrightError
from loopwright.monitoring.incident import IncidentAction, IncidentBook
from loopwright.monitoring.incident import record as note_verdicts
from loopwright.monitoring.incident import resolve as note_resolved
from loopwright.monitoring.rules.rule import DAY, MonitorRule


class Watcher:
    """Watches the champion of one endpoint. Keeps in memory what it has read.

    Everything that counts is in the ledger.
    """

    def __init__(self, workspace: Workspace, loop: Loop) -> None:
        self._workspace = workspace
        self._loop = loop
        self._known: Look | None = None

    def watch(self) -> Watch | None:
        """Look at every rule whose period has ended since its last look; returns the state, None without a champion."""
        version = champion_of(self._workspace, self._loop.name)
        if version is None or not self._loop.monitor:
            return None
        now = self._workspace.clock.now()
        watch = load_watch(self._workspace, self._loop.name)
        if watch is not None and watch.version == version and not self._due(watch, now):
            return watch
        look = self._look(version, now)
        if watch is None or watch.version != version:
            return _begin(look, watch)
        return _write(look, watch, {rule: _judged(rule, watch, look) for rule in self._due(watch, now)})

    def _due(self, watch: Watch, now: Micros) -> list[MonitorRule]:
        """Rules that a period has ended for; one that was added to the loop file since is due at once."""
        return [
            rule
            for rule in self._loop.monitor
            if now // rule.period_us > watch.looked.get(rule.name, 0) // rule.period_us
        ]

    def _look(self, version: str, now: Micros) -> Look:
        known = self._known
        if known is not None and known.version == version:
            return Look(
                workspace=known.workspace,
                loop=known.loop,
                version=version,
                signature=known.signature,
                reference=known.reference,
                log=known.log,
                now=now,
            )
        manifest = manifest_of(self._workspace, version)
        since = (now // DAY - PERFORMANCE_DAYS) * DAY
        self._known = Look(
            workspace=self._workspace,
            loop=self._loop,
            version=version,
            signature=manifest.signature,
            reference=reference_of(self._workspace, manifest),
            log=LabelledLog(
                self._workspace, self._loop.name, version=version, signature=manifest.signature, since=since
            ),
            now=now,
        )
        return self._known


def _plain(state: Any) -> Any:
    """The state as it will be read back."""
    return msgspec.json.decode(msgspec.json.encode(state))


def _judge_of(rule: MonitorRule) -> Judge[MonitorRule]:
    return JUDGES[type(rule)]


def _begin(look: Look, before: Watch | None) -> Watch:
    """Start to watch a new champion."""
    loop, now = look.loop, look.now
    watch = Watch(
        version=look.version,
        looked={rule.name: now for rule in loop.monitor},
        states={rule.name: _plain(_judge_of(rule).begin(rule, look)) for rule in loop.monitor},
    )
    caused = champion_event(look.workspace, loop.name, look.version)
    book, opened = (before.book, before.opened) if before else (IncidentBook(), {})
    ended = [action for cause in book.open for action in note_resolved(book, cause, reason="a new champion answers")[1]]
    save_watch(
        look.workspace,
        loop.name,
        watch,
        events=[incident_event(loop, action, caused, opened=opened, now=now) for action in ended],
        records=[incident_record(action, loop.name, now) for action in ended],
    )
    return watch


def _judged(rule: MonitorRule, watch: Watch, look: Look) -> Judged:
    """One rule's look. A rule that cannot be judged is unknown and says why; the others are judged all the same."""
    state = watch.states.get(rule.name)
    try:
        return _judge_of(rule).look(rule, state, look)
    except LoopwrightError as error:
        reason = f"{error.code} {error.what}"
    except Exception as error:  # noqa: BLE001 - a named boundary: one rule's failure is its own verdict
        reason = f"{type(error).__name__}: {error}"
    failed = Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=f"could not be judged: {reason}")
    return Judged(state=state, verdicts=(failed,))


def _write(look: Look, watch: Watch, looks: dict[MonitorRule, Judged]) -> Watch:
    """The states, the incidents and the figures, in one commit."""
    loop, now, workspace = look.loop, look.now, look.workspace
    by_cause: dict[str, list[Verdict]] = {}
    for judged in looks.values():
        by_cause.setdefault(judged.cause or f"version:{watch.version}", []).extend(judged.verdicts)
    book, actions = watch.book, list[IncidentAction]()
    for cause, verdicts in by_cause.items():
        book, said = note_verdicts(book, cause, verdicts, at=now, ids=workspace.ids)
        actions += said
    after = msgspec.structs.replace(
        watch,
        looked=watch.looked | {rule.name: now for rule in looks},
        states=watch.states | {rule.name: _plain(judged.state) for rule, judged in looks.items()},
        book=book,
    )
    caused = champion_event(workspace, loop.name, watch.version)
    events = [incident_event(loop, action, caused, opened=watch.opened, now=now) for action in actions]
    records = [incident_record(action, loop.name, now) for action in actions]
    records += with_looks(workspace.stores.ledger, loop.name, looks, now=now)
    written = save_watch(workspace, loop.name, after, events=events, records=records)
    opened = {a.incident.id: seq for a, seq in zip(actions, written, strict=True) if a.kind == "incident_opened"}
    if opened:
        after = msgspec.structs.replace(after, opened=after.opened | opened)
        save_watch(workspace, loop.name, after, events=[], records=[])
    return after
