"""`loopwright run`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.entry import entry
from loopwright.app.run import LoopRun
from loopwright.cli.project import parameters_of, unchanged_run
from loopwright.cli.render import Answer, line


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A pipeline parameter, as trees=300.")] = None,
    override: Annotated[str, typer.Option(help="Reason to let a candidate that did not pass into canary.")] = "",
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Run what changed, judge the candidate, register the version, start its release."""
    parameters = parameters_of(set_ or [])
    done = None if override else unchanged_run(project, file, parameters, home=home)
    if done is None:
        done = entry("loopwright.cli.whole_run:whole_run")(project, file, parameters, override=override, home=home)
    answer: LoopRun = done
    return Answer(data=answer, show=lambda: _show(answer))


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
