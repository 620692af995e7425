"""A rule whose verdicts a test says, and a champion watched by it."""

from typing import Any

import loopwright as lw
from loopwright.app.champion import promote
from loopwright.app.clock import set_clock
from loopwright.app.monitor import watcher as watcher_module
from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.watch import Watch, load_watch
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.run import run_loop
from loopwright.app.trace import journal
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.core.events import Event
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.incident import Incident
from loopwright.monitoring.rules.rule import MonitorRule, Severity

Project = Any
HOUR = 3600 * SECOND


class Scripted(MonitorRule, frozen=True, kw_only=True, tag="scripted"):
    """Looked at each hour."""

    label: str = "scripted"

    @property
    def name(self) -> str:
        return self.label

    @property
    def period_us(self) -> int:
        return HOUR


class ScriptedJudge:
    """Says what it was told to; counts its looks in its state, as one that adds up evidence would."""

    def __init__(self) -> None:
        self.says: dict[str, tuple[Verdict, ...]] = {}
        self.causes: dict[str, str] = {}

    def begin(self, rule: Scripted, look: Look) -> Any:
        return {"looks": 0, "resets": 0}

    def look(self, rule: Scripted, state: Any, look: Look) -> Judged:
        state = state or self.begin(rule, look)
        counted = {**state, "looks": state["looks"] + 1}
        return Judged(state=counted, verdicts=self.says.get(rule.name, ()), cause=self.causes.get(rule.name))

    def reset(self, rule: Scripted, state: Any, look: Look) -> Any:
        return {**state, "resets": state["resets"] + 1}


def verdict(outcome: Outcome, *, value: float = 1.0, check: str = "scripted", columns: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        check=check,
        outcome=outcome,
        reason=f"{check} {outcome}",
        value=value,
        threshold=100.0,
        details={"named": list(columns), "columns": [{"column": name, "effect": 0.5} for name in columns]},
    )


FAILS = verdict(Outcome.FAIL, value=2000.0, columns=("x",))
PASSES = verdict(Outcome.PASS, value=2.0)


class Scene:
    """A champion under the eyes of scripted rules, hour by hour."""

    def __init__(self, project: Project, monkeypatch: Any, *rules: Scripted, owner: str | None = None) -> None:
        self.project = project
        self.workspace = project.workspace()
        self.judge = ScriptedJudge()
        monkeypatch.setattr(watcher_module, "JUDGES", {Scripted: self.judge})
        self.loop = lw.Loop(
            "small", pipeline=project.loaded().loop.pipeline, monitor=rules or (Scripted(),), owner=owner
        )
        self.version = str(champion_of(self.workspace, "small"))
        self.now = (self.workspace.clock.now() // HOUR + 1) * HOUR
        set_clock(self.workspace.stores, self.now)
        self.watcher = Watcher(self.workspace, self.loop)
        self.watcher.watch()

    def look(self, *said: Verdict, rule: str = "scripted", hours: int = 1) -> Watch:
        """So many hours later, the rule says this."""
        self.judge.says = {rule: said}
        self.now += hours * HOUR
        set_clock(self.workspace.stores, self.now)
        return self.pass_()

    def pass_(self) -> Watch:
        watch = self.watcher.watch()
        assert watch is not None
        assert watch == load_watch(self.workspace, "small")
        return watch

    def incident(self) -> Incident:
        watch = load_watch(self.workspace, "small")
        assert watch is not None
        (incident,) = watch.book.open.values()
        return incident

    def events(self, *kinds: str) -> list[Event]:
        found = [e for e in journal(self.workspace.stores.ledger) if e.subject.startswith("incident:")]
        return [event for event in found if not kinds or event.kind in kinds]

    def new_champion(self) -> str:
        judged = run_loop(self.workspace, self.project.loaded(), parameters={"depth": 3}).judged
        assert judged is not None
        promote(self.workspace, "small", judged.version, caused_by=())
        self.now += HOUR // 2
        set_clock(self.workspace.stores, self.now)
        self.pass_()
        return str(judged.version)


def severe(severity: Severity, label: str = "scripted") -> Scripted:
    return Scripted(severity=severity, label=label)
