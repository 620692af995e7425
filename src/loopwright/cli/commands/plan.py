"""`loopwright plan`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.landing import Waiting, waiting
from loopwright.app.run import plan_loop
from loopwright.cli.parameters import parameters_of
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, line
from loopwright.pipelines.plan import Plan, explain, plan_json


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A pipeline parameter, as trees=300.")] = None,
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Show which steps would run, and why."""
    workspace, loaded = opened(project, file, create=True, home=home)
    new = waiting(workspace, loaded.datasets)
    planned = plan_loop(workspace, loaded, parameters_of(set_ or []), waiting=new).plan
    data = plan_json(planned) | {"waiting": new}
    return Answer(data=data, show=lambda: _show(planned, new))


def _show(planned: Plan, new: dict[str, Waiting]) -> None:
    for name, what in new.items():
        pushed = [f"{what.pushed} pushed batches"] if what.pushed else []
        line(f"land   {name}: {', '.join([*what.files[:5], *pushed])}{' …' if len(what.files) > 5 else ''}")
    for text in explain(planned):
        line(text)
    line("Nothing to do." if planned.unchanged and not new else "Next: loopwright run")
