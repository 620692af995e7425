"""What most commands begin with: the project's folder, its loop file, its workspace, its parameters."""

from pathlib import Path
from typing import Any

from loopwright.app.loop_file import LoadedLoop, find_project, load_loop
from loopwright.app.workspace import Workspace, open_workspace
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
