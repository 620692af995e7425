"""What most commands begin with: the project's folder, its loop file, its workspace."""

from collections.abc import Mapping
from pathlib import Path

from loopwright.app.loop_file import LoadedLoop, load_loop
from loopwright.app.workspace import Workspace, find_project, open_workspace, settings_of
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


def the_endpoint(workspace: Workspace, given: str | None) -> str:
    """The endpoint that is meant: the one that is named, or the only one there is.

    Raises:
        UsageError: There is none, or more than one.
    """
    if given is not None:
        return given
    refs = workspace.stores.ledger.refs(f"{workspace.namespace}/endpoint/")
    names = sorted(ref.split("/")[-1].partition("@")[0] for ref in refs)
    if len(names) != 1:
        raise UsageError(
            "say which endpoint" if names else "there is no endpoint yet",
            why=f"there are {', '.join(names)}" if names else "no version has become champion",
            fix="Name it after the verb." if names else "Run `loopwright run` first.",
        )
    return names[0]
