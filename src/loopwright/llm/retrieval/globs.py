"""Which files a glob means: never hidden ones, never ones outside the project, never a link that leads out of it."""

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from loopwright.errors import UsageError
from loopwright.llm.retrieval.document import Skipped

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|.", re.DOTALL)
_SAID = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=1000)
def _pattern(glob: str) -> re.Pattern[str]:
    words = [_SAID.get(token) or (token if len(token) > 2 else re.escape(token)) for token in _TOKEN.findall(glob)]
    try:
        return re.compile("".join(words).replace("[!", "[^"), re.DOTALL)
    except re.error as error:
        raise UsageError(f"{glob!r} is no glob", why=str(error)) from error


def matches(name: str, glob: str) -> bool:
    """Whether a path relative to the project is meant: `**` crosses folders, `*` and `?` do not.

    Raises:
        UsageError: The glob is none.
    """
    return _pattern(glob).fullmatch(name) is not None


def found(project: Path, patterns: Sequence[str]) -> tuple[list[str], list[Skipped]]:
    """Names of the regular files that the patterns mean, sorted, and what matched and is left out.

    A pattern that names a folder means every file below it.

    Raises:
        UsageError: A pattern is no glob.
    """
    root = project.resolve()
    refusals: dict[str, str] = {}
    for pattern in patterns:
        glob = f"{pattern}/**" if (project / pattern).is_dir() else pattern
        refusals |= _looked_at(project, root, glob)
    names = sorted(name for name, why in refusals.items() if not why)
    return names, [Skipped(name=name, why=why) for name, why in sorted(refusals.items()) if why]


def _looked_at(project: Path, root: Path, glob: str) -> dict[str, str]:
    """Why each path that a glob means is left out; empty where it is not."""
    refusals: dict[str, str] = {}
    for name, hidden in _walked(project, _base(glob)):
        if not hidden and not matches(name, glob):
            continue
        why = "hidden" if hidden else _refusal(project / name, root)
        if why is not None:
            refusals[name] = why
    return refusals


def _base(glob: str) -> str:
    """The folder above the first wildcard."""
    parts = glob.split("/")
    wild = next((place for place, part in enumerate(parts) if set(part) & set("*?[")), len(parts) - 1)
    return "/".join(parts[:wild])


def _walked(project: Path, base: str) -> Iterator[tuple[str, bool]]:
    """Every file below a folder as (name, whether it is hidden); a hidden folder is named and not entered."""
    hidden_above = next((part for part in base.split("/") if part.startswith(".")), None)
    if hidden_above is not None:
        yield base, True
        return
    for folder, folders, files in os.walk(project / base, followlinks=False):
        at = Path(folder).relative_to(project).as_posix()
        prefix = "" if at == "." else f"{at}/"
        yield from ((prefix + one, True) for one in (*folders, *files) if one.startswith("."))
        links = [one for one in folders if not one.startswith(".") and os.path.islink(os.path.join(folder, one))]
        yield from ((prefix + one, False) for one in links)
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        yield from ((prefix + one, False) for one in files if not one.startswith("."))


def _refusal(path: Path, root: Path) -> str | None:
    """Why a path is left out; empty: it is not; None: it is no file that anybody meant."""
    try:
        real = path.resolve()
        if not real.is_relative_to(root):
            return "a link out of the project"
        if any(part.startswith(".") for part in real.relative_to(root).parts):
            return "a link to something hidden"
        if real.is_dir():
            return "a link to a folder" if path.is_symlink() else None
        return "" if real.is_file() else "not a regular file"
    except (OSError, RuntimeError) as error:
        return f"it cannot be read: {error}"
