"""`loopwright up`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.run import run_loop
from loopwright.cli.project import opened
from loopwright.cli.render import note
from loopwright.web.whole_loop import run_whole_loop


def command(
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the inference server; control listens on the next.")] = None,
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
    supervised: Annotated[bool, typer.Option(help="Stop when standard input closes.")] = False,
) -> None:
    """Run the whole loop: train if there is no champion, serve, watch, retrain, release. Ctrl-C stops it all."""
    workspace, loaded = opened(project, file, create=True, home=home, host=host, port=port)
    name = loaded.loop.name
    if workspace.stores.ledger.ref(workspace.ref("endpoint", name, "arms")) is None:
        note("no champion yet: running the loop once")
        run_loop(workspace, loaded)
    note(f"{name}: http://{workspace.settings.text('host')}:{workspace.settings.whole('port')}/predict/{name}")
    run_whole_loop(workspace, name, file=file, supervised=supervised)
