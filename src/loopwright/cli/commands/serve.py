"""`loopwright serve`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.cli.project import opened
from loopwright.web.whole_loop import run_whole_loop


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> None:
    """Answer requests with the champion, without watching or releasing. Ctrl-C stops it."""
    workspace, loaded = opened(project, file, home=home, host=host, port=port)
    name = loaded.loop.name
    run_whole_loop(workspace, name, file=file, control=False)
