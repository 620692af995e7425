"""`loopwright demo`: `new`, `replay`, `reproduce`, `report`, one after another, on the flights template."""

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from loopwright.app.loop_file import load_loop
from loopwright.app.new import new_from_template
from loopwright.app.replay import HOME, ReplayResult, refuse_while_running, replay
from loopwright.app.reproduce import reproduce
from loopwright.app.story import Chapter, chapters, untold
from loopwright.app.trace import describe, journal, trace
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.cli.commands.replay import Telling
from loopwright.cli.program import program_name
from loopwright.cli.render import Answer, Bars, line, note, progress, table
from loopwright.core.clock import iso
from loopwright.core.events import Event
from loopwright.errors import UsageError
from loopwright.export.loop_report import loop_report
from loopwright.export.report import render
from loopwright.pictures.sections import Grid

MARK = ".made-by-demo"
NO_VERDICT = 4


def command(
    *,
    folder: Annotated[
        Path, typer.Option("--dir", help="Where the demo's project goes; an earlier demo's is replaced.")
    ] = Path(".demo"),
) -> Answer:
    """Watch a whole loop on real flights of 2013: train, serve, drift, retrain, canary, rollback, proof."""
    project = (folder / "flights").resolve()
    with progress() as bars:
        bars.note("— 0 a project: loopwright new flights --template flights")
        _renew(project)
        result = _play(project, bars)
        workspace = open_workspace(project, explicit={"home": HOME})
        bars.note("— 9 proof: loopwright reproduce flight-delay@champion")
        proof = reproduce(workspace, load_loop(project / "loop.py", project), "flight-delay")
    told = chapters(list(journal(workspace.stores.ledger)), result)
    page = _report(workspace, project, told)
    data = {"chapters": told, "report": str(page), "replay": result, "reproduce": proof}
    return Answer(
        data=data, show=lambda: _show(workspace, told, page, data=data), exit_code=NO_VERDICT if untold(told) else 0
    )


def _renew(project: Path) -> None:
    if project.exists():
        if not (project / MARK).is_file():
            raise UsageError(f"{project} is there and no demo made it", fix="Choose another folder with --dir.")
        refuse_while_running(project / HOME)
        shutil.rmtree(project)
    new_from_template(project, "flights")
    (project / MARK).touch()


class _Chapters(Telling):
    """Tells the story with a heading for each chapter, when its first event comes."""

    def __init__(self, bars: Bars) -> None:
        super().__init__(bars)
        self._headings = iter(_HEADINGS)
        self._next = next(self._headings)

    def event(self, event: Event) -> None:
        kind, heading = self._next
        if event.kind == kind:
            self._bars.note(f"— {heading}")
            self._next = next(self._headings, ("", ""))
        super().event(event)


_HEADINGS = (
    ("dataset_landed", "1 data: flights, departures and weather become versions"),
    ("run_started", "2, 3 features as of each flight, training on January and February"),
    ("gate_judged", "4 the gate, judging on March, and the first champion"),
    ("dataset_refused", "1 again: a file with bad rows is refused"),
    ("labels_landed", "5 requests from April on; departures are pushed, labels come hours late"),
    ("incident_opened", "6 the season turns"),
    ("retrain_decided", "7 retrain, verdict, canary, new champion"),
    ("gate_judged", "   its gate"),
    ("act_refused", "8 a candidate that learned nothing; then one that errs and hangs, let in by an override"),
)


def _play(project: Path, bars: Bars) -> ReplayResult:
    told = _Chapters(bars)
    return replay(project, project / "replay.toml", tell=told.event, on_tick=told.tick, on_begin=told.begin)


def _report(workspace: Workspace, project: Path, told: tuple[Chapter, ...]) -> Path:
    rows = tuple((chapter.number, chapter.title, chapter.text) for chapter in told)
    tones = tuple("plain" if chapter.told else "warn" for chapter in told)
    grid = Grid(title="The story", columns=("", "chapter", "what happened"), rows=rows, tones=tones)  # type: ignore[arg-type]
    page = project / "report.html"
    report = loop_report(
        workspace,
        "flight-delay",
        title="flight-delay, 2013",
        subtitle="Real flights from New York, replayed.",
        first=(grid,),
    )
    page.write_text(render(report), encoding="utf-8")
    return page


def _show(workspace: Workspace, told: tuple[Chapter, ...], page: Path, *, data: dict[str, Any]) -> None:
    table(
        ["", "chapter", "what happened", "events"],
        [(c.number, c.title, c.text, _span(c.events)) for c in told],
        right=[""],
    )
    line()
    line("Why the champion is what it is (loopwright trace model:flight-delay@champion):")
    for link in trace(workspace, "model:flight-delay@champion").links[-24:]:
        day, indent = iso(link.event.logical_at)[:10], "  " * min(link.depth, 10)
        line(f"  {day} #{link.event.seq:<4} {indent}{describe(link.event)[:110]}")
    for chapter in untold(told):
        note(f"chapter {chapter.number} ({chapter.title}) was not told by the data: {chapter.text}")
    seconds = sum(data["replay"].seconds.values())
    project = page.parent
    line()
    line(f"Report: {page}   ({seconds:.0f} s of training, serving and watching)")
    program = program_name()
    line("Next:")
    line(f"  cd {project} && {program} status --home {HOME}")
    line(f"  {program} trace model:flight-delay@champion --home {HOME}")
    for incident in _incidents(workspace, told):
        line(f"  {program} trace alert:{incident} --home {HOME}")
    line(f"  {program} new mine --data my.csv --target y && cd mine && {program} up")


def _incidents(workspace: Workspace, told: tuple[Chapter, ...]) -> list[str]:
    """The ids of the incidents that the story tells of."""
    shown = [seq for chapter in told if chapter.title == "incident" for seq in chapter.events]
    found = [event for seq in shown for event in workspace.stores.ledger.read(after=seq - 1, limit=1)]
    return [event.subject.partition(":")[2] for event in found]


def _span(events: tuple[int, ...]) -> str:
    return ", ".join(f"#{seq}" for seq in events[:4]) + (" …" if len(events) > 4 else "")
