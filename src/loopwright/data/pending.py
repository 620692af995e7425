"""What a landing would take, asked without reading a row or importing a data library."""

from collections.abc import Sequence
from pathlib import Path

from loopwright.data.parts import DatasetVersion, current
from loopwright.data.source import SourceFile, StatCache, probe
from loopwright.store.open_stores import Stores

STAT_CACHE = "stat_cache.json"
"""The file of the home in which digests of source files are kept."""


def pending(
    stores: Stores, name: str, patterns: Sequence[str], *, project: Path | None = None
) -> tuple[SourceFile, ...]:
    """The files that `land` would read now: new ones, and those that changed. Nothing where the version is up to date.

    Args:
        stores: The home's stores.
        name: The dataset.
        patterns: Its source (`Dataset.patterns`).
        project: The folder that paths are relative to; the one that holds the home where None.

    Raises:
        SourceError: A pattern means no readable data file.
    """
    files = probe(patterns, project=project or stores.home.parent, cache=StatCache(stores.home / STAT_CACHE))
    found = current(stores, name)
    return tuple(file for file in files if is_new(file, found))


def is_new(file: SourceFile, found: DatasetVersion | None) -> bool:
    """Whether the file holds what its path did not hold last; a renamed or copied file is not new."""
    if found is None:
        return True
    of_path = [part.source_digest for part in found.parts if part.source == file.name]
    if of_path:
        return of_path[-1] != file.digest
    return all(part.source_digest != file.digest for part in found.parts)
