"""`loopwright up`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.entry import entry
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.project import champion_endpoint
from loopwright.web.whole_loop import run_whole_loop


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the inference server; control listens on the next.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that share the port; 0: one a core.")] = None,
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
    supervised: Annotated[bool, typer.Option(help="Stop when standard input closes.")] = False,
) -> None:
    """Run the whole loop: train if there is no champion, serve, watch, retrain, release. Ctrl-C stops it all."""
    folder, settings = find_project(project.resolve()), {"home": home, "host": host, "port": port, "workers": workers}
    name = champion_endpoint(folder, settings) or entry("loopwright.cli.whole_run:first_champion")(
        folder, file, settings
    )
    workspace = open_workspace(folder, explicit=settings)
    run_whole_loop(workspace, [name], file=file, supervised=supervised)
