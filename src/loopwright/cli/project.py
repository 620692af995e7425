"""What most commands begin with: the project's folder, its loop file, its workspace, its parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loopwright.app.loop_file import LoadedLoop, find_project, load_loop
from loopwright.app.run import LoopRun
from loopwright.app.unchanged import last_answer
from loopwright.app.workspace import Workspace, open_workspace, settings_of
from loopwright.core.codec import plain
from loopwright.errors import UsageError


def opened(project: Path, file: str, *, create: bool = False, **settings: object) -> tuple[Workspace, LoadedLoop]:
    """The workspace and the loop of a project; the loop file is read first, so that a broken one makes no home.

    Args:
        project: A folder of the project.
        file: The loop file, relative to the project's top.
        create: Make the home where there is none yet.
        settings: Settings given on the command line; None is not given.
    """
    folder = find_project(project.resolve())
    loaded = load_loop((folder / file).resolve(), folder)
    return open_workspace(folder, explicit=settings, create=create), loaded


def unchanged_run(project: Path, file: str, parameters: dict[str, Any], *, home: str | None) -> LoopRun | None:
    """The last run where nothing that it was made from has changed; answered without importing the loop file."""
    folder = find_project(project.resolve())
    if not (folder / settings_of(folder, {"home": home}).text("home") / "home.json").is_file():
        return None
    workspace = open_workspace(folder, explicit={"home": home})
    try:
        return last_answer(workspace, folder, file, parameters=parameters)
    finally:
        workspace.close()


def champion_endpoint(folder: Path, settings: Mapping[str, object]) -> str | None:
    """The one endpoint of the project that has a champion, found without importing the loop file; None otherwise."""
    if not (folder / settings_of(folder, settings).text("home") / "home.json").is_file():
        return None
    workspace = open_workspace(folder, explicit=settings)
    try:
        refs = workspace.stores.ledger.refs(f"{workspace.namespace}/endpoint/")
    finally:
        workspace.close()
    return next(iter(refs)).split("/")[-1].partition("@")[0] if len(refs) == 1 else None


def parameters_of(given: list[str]) -> dict[str, Any]:
    """`name=value` pairs; a value that is JSON is that, anything else is text.

    Raises:
        UsageError: A pair has no `=`.
    """
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{pair!r} is not name=value", fix="Write --set trees=300, for example.")
        try:
            found[name] = plain(text)
        except ValueError:
            found[name] = text
    return found
