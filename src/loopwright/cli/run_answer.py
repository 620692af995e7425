"""What `loopwright run` does. It does not import Typer, so that a run that changes nothing is answered at once."""

from pathlib import Path
from typing import Any

from loopwright.app.entry import entry
from loopwright.app.loop_run import LoopRun
from loopwright.app.unchanged import last_answer
from loopwright.app.workspace import find_project, open_workspace, settings_of
from loopwright.cli.parameters import parameters_of
from loopwright.cli.render import Answer, line


def answer(
    *,
    project: Path = Path(),
    file: str = "loop.py",
    set_: list[str] | None = None,
    override: str = "",
    home: str | None = None,
) -> Answer:
    """Run what changed, judge the candidate, register the version, start its release."""
    parameters = parameters_of(set_ or [])
    done = None if override else _unchanged(project, file, parameters, home=home)
    if done is None:
        done = entry("loopwright.cli.whole_run:whole_run")(project, file, parameters, override=override, home=home)
    ended: LoopRun = done
    return Answer(data=ended, show=lambda: _show(ended))


def _unchanged(project: Path, file: str, parameters: dict[str, Any], *, home: str | None) -> LoopRun | None:
    """The last run where nothing that it was made from has changed; answered without importing the loop file."""
    folder = find_project(project.resolve())
    if not (folder / settings_of(folder, {"home": home}).text("home") / "home.json").is_file():
        return None
    workspace = open_workspace(folder, explicit={"home": home})
    try:
        return last_answer(workspace, folder, file, parameters=parameters)
    finally:
        workspace.close()


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
