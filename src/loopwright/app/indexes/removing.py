"""Taking versions of indexes away that nothing needs: no alias, and no version of an application."""

from loopwright.app.indexes.building import cache_folder
from loopwright.app.indexes.versions import (
    CHAMPION,
    LATEST,
    IndexVersionRecord,
    alias_of,
    find_version,
    index_versions,
    remove_version,
)
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import BlobCorruptError, BlobMissingError, LoopwrightError, UsageError
from loopwright.llm.retrieval.packed import read_manifest
from loopwright.llm.retrieval.stores import open_store
from loopwright.serving.applications.bundle import is_application, read_application

_MODEL_VERSION = "model_version"
_MOST = 1_000_000


def remove_index(workspace: Workspace, selector: str) -> int:
    """Take a version away, and its vectors out of a store where they are in one.

    Args:
        workspace: The workspace.
        selector: As `find_version`.

    Returns:
        The event that says so.

    Raises:
        NotFoundError: There is no such version.
        UsageError: An alias or an application needs it.
    """
    version = find_version(workspace, selector)
    aliases = [alias for alias in (CHAMPION, LATEST) if alias_of(workspace, version.name, alias) == version.digest]
    if aliases or version.digest in pinned(workspace):
        raise UsageError(
            f"version {version.number} of {version.name!r} is needed",
            why=f"it is the index's {aliases[0]}" if aliases else "a version of an application reads it",
            fix="Build or promote another version first." if aliases else "Leave it: that application may come back.",
        )
    event = remove_version(workspace, version)
    _empty_store(workspace, version)
    return event


def pinned(workspace: Workspace) -> frozenset[Digest]:
    """Versions of indexes that a registered version of an application names."""
    stores = workspace.stores
    found: set[Digest] = set()
    for record in stores.ledger.search(_MODEL_VERSION, limit=_MOST):
        digest = str(record.data["digest"])
        try:
            index = read_application(stores.blobs, digest)[1] if is_application(stores.blobs, digest) else None
        except LoopwrightError:  # what cannot be read cannot be released either
            continue
        if index is not None:
            found.add(index)
    return frozenset(found)


def _empty_store(workspace: Workspace, version: IndexVersionRecord) -> None:
    url, vectors = _vectors(workspace, version)
    if url and (url, vectors) not in {_vectors(workspace, other) for other in index_versions(workspace, version.name)}:
        open_store(url, base=cache_folder(workspace)).remove(vectors)


def _vectors(workspace: Workspace, version: IndexVersionRecord) -> tuple[str, Digest]:
    try:
        manifest = read_manifest(workspace.stores.blobs, version.digest)
    except (BlobMissingError, BlobCorruptError):
        return "", ""
    return manifest.making.store, manifest.parts["vectors"]
