"""`loopwright replay`: a loop driven through recorded time, in a home made for it, against real servers."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from loopwright.app.clock import set_clock
from loopwright.app.loop_file import load_loop
from loopwright.app.loop_run import LoopRun, Override
from loopwright.app.parity import check_parity
from loopwright.app.player import Play, Player, Stage
from loopwright.app.player_http import Asked
from loopwright.app.run import run_loop
from loopwright.app.scenario import Act, Scenario, read_scenario
from loopwright.app.servers import running_servers
from loopwright.app.trace import journal
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import Micros, micros
from loopwright.core.codec import plain
from loopwright.core.events import Event, EventDraft
from loopwright.core.ids import random_id
from loopwright.data.landing import land
from loopwright.errors import DataRefusedError, GateFailedError, NoVerdictError, UsageError
from loopwright.features.parity import ParityReport
from loopwright.store.open_stores import read_home

HOME = ".loopwright-replay"
LOG = "servers.log"


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay went.

    Attributes:
        home: Where it was played.
        play: Requests, failures, acts, and whether the story was told to its end.
        parity: Logged features against their recomputation.
        first: The run that made the first champion.
        events: How many events the journal has.
        seconds: Wall time by part.
    """

    home: str
    play: Play
    parity: ParityReport | None
    first: LoopRun
    events: int
    seconds: dict[str, float]


class Narrator:
    """Hands every new event of the journal on, once, in order."""

    def __init__(self, workspace: Workspace, tell: Callable[[Event], None]) -> None:
        self._workspace = workspace
        self._tell = tell
        self._after = 0

    def catch_up(self) -> None:
        """Tell what has happened since the last time."""
        while page := self._workspace.stores.ledger.read(after=self._after):
            for event in page:
                self._tell(event)
            self._after = page[-1].seq


def fresh_home(project: Path, home: str = HOME) -> Workspace:
    """A new home for a replay, in place of an earlier replay's.

    Raises:
        UsageError: There is a home that was not made for a replay; it is left alone.
    """
    folder = project / home
    if folder.exists():
        if not (folder / "home.json").is_file() or not read_home(folder).replay:
            raise UsageError(
                f"{folder} is not a replay's home",
                why="a replay starts clean and would remove it",
                fix="Name another home with --home.",
            )
        refuse_while_running(folder)
        away = folder.with_name(f"{folder.name}.gone-{random_id('x')[-8:]}")
        folder.rename(away)  # one step: a kill here leaves no half of a home behind
        shutil.rmtree(away, ignore_errors=True)
    return open_workspace(project, explicit={"home": home}, create=True, replay=True)


def refuse_while_running(folder: Path) -> None:
    """Refuse where another replay's servers still use the home."""
    try:
        pid = int(plain((folder / "run" / "supervisor.json").read_bytes())["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError):
        return
    raise UsageError(
        f"a replay is running in {folder}",
        why=f"its servers belong to process {pid}",
        fix="Stop it with Ctrl-C, then run again.",
    )


def replay(
    project: Path,
    scenario_file: Path,
    *,
    file: str = "loop.py",
    home: str = HOME,
    tell: Callable[[Event], None],
    on_tick: Callable[[Micros, Asked], None],
    on_begin: Callable[[Micros, Micros], None],
) -> ReplayResult:
    """Play a scenario.

    Args:
        project: The project's folder.
        scenario_file: What to play.
        file: The loop file.
        home: The replay's home, relative to the project; an earlier replay's is replaced.
        tell: Told every event of the journal, in order.
        on_tick: Told the clock and the counts after each tick.
        on_begin: Told the first and the last instant before the first tick.

    Raises:
        UsageError: The scenario or the home is not one.
        LoopwrightError: As landing, running and serving say.
    """
    scenario = read_scenario(scenario_file)
    return _Replay(project, scenario, file, workspace=fresh_home(project, home), tell=tell).run(on_tick, on_begin)


class _Replay:
    """One replay under way."""

    def __init__(
        self, project: Path, scenario: Scenario, file: str, *, workspace: Workspace, tell: Callable[[Event], None]
    ) -> None:
        self._project = project
        self._scenario = scenario
        self._file = file
        self._workspace = workspace
        self._narrator = Narrator(workspace, tell)
        self._seconds: dict[str, float] = {}
        self._began = workspace.clock.monotonic()

    def run(self, on_tick: Callable[[Micros, Asked], None], on_begin: Callable[[Micros, Micros], None]) -> ReplayResult:
        workspace = self._workspace
        set_clock(workspace.stores, micros(self._scenario.start), announce=True)
        loaded = load_loop(self._project / self._file, self._project)
        first = run_loop(workspace, loaded)
        self._narrator.catch_up()
        for act in self._scenario.acts:
            if act.when == "start":
                self._perform(act)
        self._lap("training")
        with running_servers(
            self._project, workspace.home, file=self._file, clock=workspace.clock, log=workspace.home / "run" / LOG
        ) as servers:
            self._lap("start of the servers")
            on_begin(micros(self._scenario.start), micros(self._scenario.end))
            stage = Stage(
                inference=servers.inference,
                control=servers.control,
                perform=self._perform,
                set_clock=lambda now: set_clock(workspace.stores, now),
                on_tick=lambda now, asked: self._ticked(on_tick, now, asked),
                clock=workspace.machine,
            )
            play = Player(self._project, self._scenario, stage).play()
            self._lap("replay")
        self._lap("stop of the servers")
        parity = check_parity(workspace, loaded.loop.name)
        self._narrator.catch_up()
        self._lap("parity")
        events = sum(1 for _ in journal(workspace.stores.ledger))
        return ReplayResult(
            home=str(workspace.home), play=play, parity=parity, first=first, events=events, seconds=self._seconds
        )

    def _ticked(self, on_tick: Callable[[Micros, Asked], None], now: Micros, asked: Asked) -> None:
        self._narrator.catch_up()
        on_tick(now, asked)

    def _lap(self, name: str) -> None:
        now = self._workspace.clock.monotonic()
        self._seconds[name] = round(now - self._began, 2)
        self._began = now

    def _perform(self, act: Act) -> None:
        """Do what a person would do by hand with `loopwright run` or by putting a file there.

        A refusal is part of the story.
        """
        try:
            if act.land:
                self._land(act)
            if act.run:
                self._run(act.run, act.override)
        except (DataRefusedError, GateFailedError, NoVerdictError) as refusal:
            said: dict[str, Any] = {"code": refusal.code, "what": refusal.what}
            draft = EventDraft(
                kind="act_refused",
                subject="replay:act",
                data=said,
                actor=self._workspace.actor,
                logical_at=self._workspace.clock.now(),
            )
            self._workspace.stores.ledger.commit(events=[draft], durability="normal")
        self._narrator.catch_up()

    def _land(self, act: Act) -> None:
        loaded = load_loop(self._project / self._file, self._project)
        dataset = loaded.datasets[str(act.land)]
        land(
            self._workspace.stores,
            dataset,
            clock=self._workspace.clock,
            paths=[os.fspath(p) for p in act.paths],
            actor=self._workspace.actor,
        )

    def _run(self, file: str, reason: str | None) -> None:
        loaded = load_loop(self._project / file, self._project)
        override = Override(reason=reason, actor=self._workspace.actor) if reason else None
        run_loop(self._workspace, loaded, override=override)
