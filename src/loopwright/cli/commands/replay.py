"""`loopwright replay`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.player_http import Asked
from loopwright.app.replay import HOME, ReplayResult, replay
from loopwright.app.workspace import find_project
from loopwright.cli.narrate import story_line
from loopwright.cli.render import Answer, Bars, line, progress
from loopwright.core.clock import Micros, iso
from loopwright.core.events import Event


def command(
    *,
    scenario: Annotated[Path, typer.Argument(help="What to play, as replay.toml.")] = Path("replay.toml"),
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    home: Annotated[str, typer.Option(help="The replay's home; an earlier replay's is replaced.")] = HOME,
) -> Answer:
    """Drive a loop through recorded time, in a home of its own, against real servers."""
    folder = find_project(project.resolve())
    with progress() as bars:
        told = Telling(bars)
        result = replay(
            folder, folder / scenario, file=file, home=home, tell=told.event, on_tick=told.tick, on_begin=told.begin
        )
    return Answer(data=result, show=lambda: show(result), exit_code=0 if result.play.story_told else 4)


class Telling:
    """Draws a replay's progress, and says a line for each event that matters."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._advance = bars.start("preparing")
        self._day = 0

    def begin(self, start: Micros, end: Micros) -> None:
        self._day = start // 86_400_000_000
        self._advance = self._bars.start("days", end // 86_400_000_000 - self._day)

    def tick(self, now: Micros, _: Asked) -> None:
        day = now // 86_400_000_000
        self._advance(day - self._day)
        self._day = day

    def event(self, event: Event) -> None:
        text = story_line(event)
        if text:
            self._bars.note(f"{iso(event.logical_at)[:10]}  {text}")


def show(result: ReplayResult) -> None:
    """The end of a replay, for a person."""
    line(f"{result.play.requests:,} requests, {result.play.failed} failed {result.play.failures or ''}")
    if result.parity is not None:
        line(f"parity: {result.parity.rows:,} requests, {result.parity.mismatches} mismatches")
    if not result.play.story_told:
        line("The data led to no release, or an act did not play; see `loopwright status` and `loopwright trace`.")
    line(f"seconds: {result.seconds}, of the replay: {result.play.seconds}")
