"""`loopwright gateway`."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.workspace import Workspace, find_project, open_workspace, settings_of
from loopwright.errors import NotFoundError
from loopwright.serving.applications.bundle import answers_by_application
from loopwright.web.gateway.at_once import serve_upstream
from loopwright.web.whole_loop import champions, run_whole_loop


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    upstream: Annotated[str | None, typer.Option(help="An upstream's URL: any model of it is served.")] = None,
    key: Annotated[str, typer.Option(help="Where the upstream's key is: env:NAME or file:PATH.")] = "",
    api: Annotated[str, typer.Option(help="What the upstream speaks: openai, anthropic or gemini.")] = "openai",
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    supervised: Annotated[bool, typer.Option(help="Stop when standard input closes.")] = False,
) -> None:
    """Answer OpenAI's and Anthropic's clients with the home's applications, or with one upstream. Ctrl-C stops it."""
    settings = {"host": host, "port": port}
    folder = find_project(project.resolve())
    with ExitStack() as held:
        if not _has_home(folder):
            if upstream is None:
                raise _nothing_to_serve("there is no home here")
            folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="loopwright-gateway-")))
        workspace = open_workspace(folder, explicit=settings, create=upstream is not None)
        held.callback(workspace.close)
        if upstream is not None:
            serve_upstream(workspace, url=upstream, api=api, key=_absolute(key))
        run_whole_loop(workspace, _served(workspace), control=False, supervised=supervised)


def _absolute(key: str) -> str:
    """A key's file by a path that holds from everywhere."""
    kind, _, name = key.partition(":")
    return f"file:{Path(name).resolve()}" if kind == "file" else key


def _has_home(folder: Path) -> bool:
    return (folder / settings_of(folder).text("home") / "home.json").is_file()


def _served(workspace: Workspace) -> list[str]:
    """The home's applications. Raises NotFoundError."""
    ledger, blobs = workspace.stores.ledger, workspace.stores.blobs
    found = [
        name
        for name in champions(workspace)
        if answers_by_application(ledger, blobs, workspace.ref("endpoint", name, "arms"))
    ]
    if not found:
        raise _nothing_to_serve("this home has no application yet")
    return found


def _nothing_to_serve(what: str) -> NotFoundError:
    return NotFoundError(
        what, fix="Run `loopwright run` in a loop with an application, or serve an upstream with --upstream URL."
    )
