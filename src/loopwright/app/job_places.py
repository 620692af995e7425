"""Where a job may read and write: below one folder or address that the operator names, and nowhere else."""

import posixpath
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from loopwright.app.batch.database import is_database
from loopwright.app.batch.files import is_remote
from loopwright.errors import ForbiddenError

SETTING = "jobs_folder"


def place_below(allowed: str, given: str, base: Path) -> str:
    """The address that `given` means below the allowed one.

    Args:
        allowed: The setting: a folder, or a URL of an object store; nothing is allowed where it is empty.
        given: What a caller names: relative to it, or whole.
        base: What a relative `allowed` is relative to.

    Raises:
        ForbiddenError: It lies elsewhere, or nothing is allowed.
    """
    if not allowed:
        raise ForbiddenError(
            "jobs may not name files on this server",
            why=f"the setting {SETTING} is empty",
            fix=f"Send records, or have the operator set {SETTING} to a folder.",
        )
    if is_database(given) or "\0" in given:
        raise _elsewhere(given, allowed)
    if is_remote(allowed):
        return _remote(allowed, given)
    if is_remote(given):
        raise _elsewhere(given, allowed)
    folder = (base / Path(allowed).expanduser()).resolve()
    ending = "/" if given.endswith("/") else ""
    path = (folder / given).resolve()
    if not path.is_relative_to(folder) or path == folder:
        raise _elsewhere(given, allowed)
    return f"{path}{ending}"


def check_files(allowed: str, files: Sequence[Path], base: Path) -> None:
    """Raise ForbiddenError where a link led a glob out of the allowed folder."""
    if is_remote(allowed):
        return
    folder = (base / Path(allowed).expanduser()).resolve()
    for file in files:
        if not file.resolve().is_relative_to(folder):
            raise _elsewhere(str(file), allowed)


def _remote(allowed: str, given: str) -> str:
    root = allowed.rstrip("/") + "/"
    whole = given if is_remote(given) else root + given.lstrip("/")
    scheme, _, rest = whole.partition("://")
    ending = "/" if rest.endswith("/") else ""
    clean = f"{scheme}://{posixpath.normpath(rest)}{ending}"
    # What reads the address may take an escaped dot for a dot, and a backslash for a slash.
    plain = posixpath.normpath(unquote(rest)) == unquote(rest).rstrip("/") and "\\" not in unquote(rest)
    if not clean.startswith(root) or clean != whole or not plain:
        raise _elsewhere(given, allowed)
    return clean


def _elsewhere(given: str, allowed: str) -> ForbiddenError:
    return ForbiddenError(
        f"{given!r} is no place for a job", why=f"jobs read and write below {allowed}", fix="Name a place below it."
    )
