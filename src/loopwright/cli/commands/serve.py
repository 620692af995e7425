"""`loopwright serve`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.workspace import find_project, open_workspace
from loopwright.web.whole_loop import champions, run_whole_loop


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    endpoint: Annotated[list[str] | None, typer.Option(help="What to serve; may be repeated.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that share the port; 0: one a core.")] = None,
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
    supervised: Annotated[bool, typer.Option(help="Stop when standard input closes.")] = False,
) -> None:
    """Answer requests with the home's champions, all unless named; nothing is watched or released. Ctrl-C stops it."""
    settings = {"home": home, "host": host, "port": port, "workers": workers}
    workspace = open_workspace(find_project(project.resolve()), explicit=settings)
    run_whole_loop(workspace, endpoint or champions(workspace), control=False, supervised=supervised)
