"""`loopwright key new | list | revoke`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.keys import KnownKey, NewKey, keys, new_key, revoke_key
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.render import Answer, line, table
from loopwright.core.clock import iso

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]


@app.command("new")
def new(name: Annotated[str, typer.Argument(help="Who will use it.")], project: Project = Path()) -> Answer:
    """Make a key and show it, once."""
    made = new_key(_workspace(project), name)
    return Answer(data=made, show=lambda: _show_new(made))


@app.command("list")
def list_(project: Project = Path()) -> Answer:
    """List keys; secrets are not kept."""
    found = keys(_workspace(project))
    return Answer(data=found, show=lambda: _show(found))


@app.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="The key's id.")], project: Project = Path()) -> Answer:
    """Take a key back."""
    gone = revoke_key(_workspace(project), key)
    return Answer(data=gone, show=lambda: line(f"revoked {gone.id} ({gone.name}); restart the servers"))


def _workspace(project: Path) -> Workspace:
    return open_workspace(find_project(project.resolve()), create=True)


def _show_new(made: NewKey) -> None:
    line(made.secret)
    line(f"Send it as `Authorization: Bearer …`. It is not shown again. Take it back: loopwright key revoke {made.id}")


def _show(found: tuple[KnownKey, ...]) -> None:
    table(["key", "name", "made", "revoked"], [(k.id, k.name, iso(k.at)[:19], k.revoked) for k in found])
