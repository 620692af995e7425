"""`loopwright log prune`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.log_retention import apply_log, plan_log
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line
from loopwright.core.clock import Micros, parse_duration
from loopwright.errors import UsageError
from loopwright.observations.retention import explain

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """The request log."""


@app.command("prune", epilog="Example: loopwright log prune --older-than 90d --dry-run")
def prune(
    older_than: Annotated[str | None, typer.Option(help="Age from which rows go; else request_log_retention.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and remove nothing.")] = False,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Remove logged requests for good that are older than they are kept."""
    workspace = open_workspace(find_project(project.resolve()), explicit={"home": home})
    plan = plan_log(workspace, older_than=None if older_than is None else _duration(older_than))
    removed = 0 if dry_run else apply_log(workspace, plan)
    said = "would go" if dry_run else "are gone"
    return Answer(
        data={"plan": plan, "removed_rows": removed},
        show=lambda: line(explain(plan).replace(" go;", f" {said};")),
    )


def _duration(text: str) -> Micros:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--older-than {text}", why=str(error)) from error
