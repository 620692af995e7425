"""Watching the champion: each rule is looked at once in each of its periods, and incidents are kept."""

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from loopwright.app.labelled_log import LabelledLog
from loopwright.app.loop import Loop
from loopwright.app.monitor.incidents import champion_event
from loopwright.app.monitor.judges.judge import Judge, Resettable
from loopwright.app.monitor.judges.performance import PERFORMANCE_DAYS, split_columns
from loopwright.app.monitor.judges.table import JUDGES
from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.root_cause import explained
from loopwright.app.monitor.turn import Turn
from loopwright.app.monitor.watch import Watch, load_watch
from loopwright.app.monitor.words import waiting_words
from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import LoopwrightError
from loopwright.monitoring.incident import IncidentBook
from loopwright.monitoring.mending import under_new_version
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
        before = load_watch(self._workspace, self._loop.name)
        if before is None or before.version != version:
            return self._begin(before, version, now)
        turn = Turn(workspace=self._workspace, loop=self._loop, before=before, watch=before, now=now)
        turn.note_settings()
        turn.hear(waiting_words(self._workspace, self._loop.name))
        due = self._due(before, now)
        if due:
            look = self._look(version, now)
            looks = {rule: _judged(rule, before, look) for rule in due}
            turn.watch = _after(turn.watch, looks, now)
            turn.judge(looks)
            turn.explain(partial(explained, look, looks))
        turn.close_overdue()
        self._reset(turn)
        return turn.write()

    def _begin(self, before: Watch | None, version: str, now: Micros) -> Watch:
        """Start to watch a new champion; what is open about the model is mending now, or is not."""
        look = self._look(version, now)
        moved = champion_event(self._workspace, self._loop.name, version)
        book, said = under_new_version(before.book if before else IncidentBook(), version, at=now, moved=moved)
        watch = Watch(
            version=version,
            looked={rule.name: now for rule in self._loop.monitor},
            states={rule.name: _begun(rule, look) for rule in self._loop.monitor},
            book=book,
            opened=before.opened if before else {},
            settings=before.settings if before else {},
        )
        turn = Turn(workspace=self._workspace, loop=self._loop, before=before, watch=watch, now=now, actions=said)
        turn.note_settings()
        turn.hear(waiting_words(self._workspace, self._loop.name))
        return turn.write()

    def _reset(self, turn: Turn) -> None:
        """Judges hold nothing more against the stream once the incident that their verdicts opened is dealt with."""
        ended = [action.incident for action in turn.actions if action.kind == "incident_resolved"]
        names = {finding.rule for incident in ended for finding in incident.findings}
        states = dict(turn.watch.states)
        for rule in self._loop.monitor:
            judge = _judge_of(rule)
            if rule.name in names and isinstance(judge, Resettable) and rule.name in states:
                look = self._look(turn.watch.version, turn.now)
                states[rule.name] = _plain(judge.reset(rule, states[rule.name], look))
        turn.watch = msgspec.structs.replace(turn.watch, states=states)

    def _due(self, watch: Watch, now: Micros) -> list[MonitorRule]:
        """Rules that a period has ended for; one that was added to the loop file since is due at once."""
        return [
            rule
            for rule in self._loop.monitor
            if now // rule.period_us > watch.looked.get(rule.name, 0) // rule.period_us or _astray(rule, watch, now)
        ]

    def _look(self, version: str, now: Micros) -> Look:
        known = self._known
        if known is not None and known.version == version:
            return replace(known, now=now)
        manifest = manifest_of(self._workspace, version)
        since = (now // DAY - PERFORMANCE_DAYS) * DAY
        self._known = Look(
            workspace=self._workspace,
            loop=self._loop,
            version=version,
            signature=manifest.signature,
            reference=reference_of(self._workspace, manifest),
            log=LabelledLog(
                self._workspace,
                self._loop.name,
                version=version,
                signature=manifest.signature,
                since=since,
                groups=split_columns(self._loop.monitor),
            ),
            now=now,
        )
        return self._known


def _after(watch: Watch, looks: dict[MonitorRule, Judged], now: Micros) -> Watch:
    return msgspec.structs.replace(
        watch,
        looked=watch.looked | {rule.name: now for rule in looks},
        states=watch.states | {rule.name: _plain(judged.state) for rule, judged in looks.items()},
    )


def _astray(rule: MonitorRule, watch: Watch, now: Micros) -> bool:
    """Whether its last look lies more than a period ahead: the clock was wrong then and has been set right since."""
    return watch.looked.get(rule.name, 0) > now + rule.period_us


def _plain(state: Any) -> Any:
    """The state as it will be read back."""
    return msgspec.json.decode(msgspec.json.encode(state))


def _judge_of(rule: MonitorRule) -> Judge[MonitorRule]:
    return JUDGES[type(rule)]


def _begun(rule: MonitorRule, look: Look) -> Any:
    """The rule's first state; None where it cannot begin, as with a column that is not there: its looks say why."""
    try:
        return _plain(_judge_of(rule).begin(rule, look))
    except Exception:  # noqa: BLE001 - a named boundary: the rule's looks begin again, and their verdict is the error
        return None


def _judged(rule: MonitorRule, watch: Watch, look: Look) -> Judged:
    """One rule's look. A rule that cannot be judged is unknown and says why; the others are judged all the same."""
    state = watch.states.get(rule.name)
    try:
        if _astray(rule, watch, look.now):  # what was judged ahead of time would keep it silent until then
            state = _plain(_judge_of(rule).begin(rule, look))
        return _judge_of(rule).look(rule, state, look)
    except LoopwrightError as error:
        reason = f"{error.code} {error.what}"
    except Exception as error:  # noqa: BLE001 - a named boundary: one rule's failure is its own verdict
        reason = f"{type(error).__name__}: {error}"
    failed = Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=f"could not be judged: {reason}")
    return Judged(state=state, verdicts=(failed,))
