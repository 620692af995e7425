"""`loopwright run`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.run import LoopRun, Override, run_loop
from loopwright.cli.project import opened, parameters_of
from loopwright.cli.render import Answer, Bars, line, progress
from loopwright.pipeline.progress import Progress


def command(
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A pipeline parameter, as trees=300.")] = None,
    override: Annotated[str, typer.Option(help="Reason to let a candidate that did not pass into canary.")] = "",
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Run what changed, judge the candidate, register the version, start its release."""
    workspace, loaded = opened(project, file, create=True, home=home)
    word = Override(reason=override, actor=workspace.actor) if override else None
    with progress() as bars:
        done = run_loop(workspace, loaded, parameters=parameters_of(set_ or []), override=word, on_progress=_told(bars))
    return Answer(data=done, show=lambda: _show(done))


class _told:  # noqa: N801 - a function with memory
    """Moves one bar on as steps finish."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._advance = None

    def __call__(self, at: Progress) -> None:
        self._advance = self._advance or self._bars.start("steps", at.total)
        if at.kind in ("finished", "reused"):
            self._advance(1)
            self._bars.note(f"{at.kind:<9}{at.step}" + (f"  {at.duration_us / 1e6:.2f} s" if at.kind == "finished" else ""))


def _show(done: LoopRun) -> None:
    line(f"run {done.run}: {len(done.ran)} steps ran, {len(done.reused)} reused")
    judged = done.judged
    if judged is None:
        return
    for verdict in judged.verdicts:
        line(f"  {verdict.outcome:<15}{verdict.check}: {verdict.reason}")
    number = f"version {judged.number}, " if judged.number else ""
    line(f"{judged.status}: {number}{judged.version[:12]}")
    if judged.status == "champion":
        line("Next: loopwright up")
