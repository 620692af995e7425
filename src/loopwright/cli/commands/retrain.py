"""`loopwright retrain`, and `loopwright retrain status | accept | dismiss`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.retraining.by_hand import carry_out, require_champion
from loopwright.app.retraining.requests import accept as accept_suggestion
from loopwright.app.retraining.requests import dismiss as dismiss_suggestion
from loopwright.app.retraining.requests import request_retrain
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.retraining.view import retraining_view
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, line
from loopwright.cli.show_retraining import show_answered, show_retraining

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Project = Annotated[Path, typer.Option(help="The project's folder.")]
File = Annotated[str, typer.Option(help="The loop file, relative to the project.")]
Home = Annotated[str | None, typer.Option(help="Another home of the project.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The suggestion's id, as sug_….")]
BY_HAND = "asked for by hand"


@app.callback(invoke_without_command=True)
def retrain(
    context: typer.Context,
    *,
    reason: Reason = BY_HAND,
    force: Annotated[bool, typer.Option("--force", help="Go past freeze windows and budgets.")] = False,
    project: Project = Path(),
    file: File = "loop.py",
    home: Home = None,
) -> Answer | None:
    """Train again now: the same gate, the same release. Without a verb it asks for a retrain."""
    if context.invoked_subcommand is not None:
        return None
    workspace, loaded = opened(project, file, home=home)
    require_champion(workspace, loaded.loop.name)
    request = request_retrain(workspace, loaded.loop.name, reason=reason, actor=workspace.actor, forced=force)
    found = carry_out(workspace, loaded, request)
    return Answer(data=found, show=lambda: show_answered(found))


@app.command("status", epilog="Example: loopwright retrain status")
def status(*, project: Project = Path(), file: File = "loop.py", home: Home = None) -> Answer:
    """Show every trigger, what holds it back, what runs, what is suggested, and what became of the last ones."""
    workspace, loaded = opened(project, file, home=home)
    found = retraining_view(workspace, loaded.loop, Retrainer(workspace, loaded, fresh=True))
    return Answer(data=found, show=lambda: show_retraining(found))


@app.command("accept", epilog="Example: loopwright retrain accept sug_0a1b2c")
def accept(
    suggestion: Id, *, reason: Reason = "", project: Project = Path(), file: File = "loop.py", home: Home = None
) -> Answer:
    """Let a suggested retrain run."""
    workspace, loaded = opened(project, file, home=home)
    request = accept_suggestion(workspace, suggestion, reason=reason, actor=workspace.actor)
    found = carry_out(workspace, loaded, request)
    return Answer(data=found, show=lambda: show_answered(found))


@app.command("dismiss", epilog="Example: loopwright retrain dismiss sug_0a1b2c --reason known")
def dismiss(
    suggestion: Id,
    *,
    reason: Reason = BY_HAND,
    project: Project = Path(),
    file: File = "loop.py",
    home: Home = None,
) -> Answer:
    """Let a suggested retrain be; the same cause is not suggested again."""
    workspace, _ = opened(project, file, home=home)
    found = dismiss_suggestion(workspace, suggestion, reason=reason, actor=workspace.actor)
    return Answer(data=found, show=lambda: line(f"{found.id} is dismissed"))
