"""What most commands begin with: the project's folder, its loop file, its workspace."""

from collections.abc import Mapping
from pathlib import Path

from loopwright.app.loop_file import LoadedLoop, load_loop
from loopwright.app.workspace import Workspace, find_project, open_workspace, settings_of


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
