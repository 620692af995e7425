"""`loopwright plan`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loopwright.app.entry import entry
from loopwright.app.landing import Waiting, waiting
from loopwright.app.run import plan_loop
from loopwright.cli.parameters import parameters_of
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, line
from loopwright.pipelines.plan import Plan, explain, plan_json

if TYPE_CHECKING:
    from loopwright.app.applications.planning import ApplicationPlan

PLAN_APPLICATION = "loopwright.app.applications.planning:plan_application"


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
    application = loaded.loop.application
    if application is None:
        return Answer(data=data, show=lambda: _show(planned, new))
    beside: ApplicationPlan = entry(PLAN_APPLICATION)(workspace, loaded, application)
    return Answer(data=data | {"application": beside}, show=lambda: _show_application(planned, new, beside))


def _show_application(planned: Plan, new: dict[str, Waiting], beside: "ApplicationPlan") -> None:
    if planned.graph.nodes:
        _show(planned, new)
    if beside.first:
        line("the first version: everything is new")
    for one in beside.changes:
        line(f"change {one.where}: {one.before} -> {one.after}")
    if beside.documents is not None:
        told = {name: getattr(beside.documents, name) for name in ("added", "changed", "removed")}
        for name, documents in told.items():
            if documents:
                line(f"{name:<8}{', '.join(documents[:8])}{' …' if len(documents) > 8 else ''}")
    line("Nothing to judge." if beside.unchanged else "Next: loopwright run")


def _show(planned: Plan, new: dict[str, Waiting]) -> None:
    for name, what in new.items():
        pushed = [f"{what.pushed} pushed batches"] if what.pushed else []
        line(f"land   {name}: {', '.join([*what.files[:5], *pushed])}{' …' if len(what.files) > 5 else ''}")
    for text in explain(planned):
        line(text)
    line("Nothing to do." if planned.unchanged and not new else "Next: loopwright run")
