"""What there is of indexes, for lists and pages."""

from typing import Any

import msgspec

from loopwright.app.indexes.versions import (
    CHAMPION,
    LATEST,
    IndexVersionRecord,
    alias_of,
    find_version,
    index_names,
    index_versions,
)
from loopwright.app.workspace import Workspace
from loopwright.llm.retrieval.packed import DocumentRow, Packed


class IndexOverview(msgspec.Struct, frozen=True, kw_only=True):
    """One index.

    Attributes:
        name: Its name.
        champion: Number of the version that the name stands for; None: none yet.
        latest: Number of the version that was built last.
        versions: Newest first.
    """

    name: str
    champion: int | None
    latest: int | None
    versions: tuple[IndexVersionRecord, ...]


class IndexDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One version.

    Attributes:
        version: Its record.
        making: What it was made with.
        bytes_by_part: How large its parts are.
        documents: Its documents.
        restricted: Whether any of them has an access list.
    """

    version: IndexVersionRecord
    making: dict[str, Any]
    bytes_by_part: dict[str, int]
    documents: tuple[DocumentRow, ...]
    restricted: bool


def indexes_of(workspace: Workspace) -> tuple[IndexOverview, ...]:
    """Every index of the home, by name."""
    return tuple(_overview(workspace, name) for name in index_names(workspace))


def index_details(workspace: Workspace, selector: str) -> IndexDetails:
    """One version, named as `find_version` says.

    Raises:
        NotFoundError: There is none.
        BlobMissingError, BlobCorruptError: It is not whole.
    """
    version = find_version(workspace, selector)
    packed = Packed(workspace.stores.blobs, version.digest)
    return IndexDetails(
        version=version,
        making=msgspec.to_builtins(packed.manifest.making),
        bytes_by_part={part: packed.path(part).stat().st_size for part in sorted(packed.manifest.parts)},
        documents=packed.documents,
        restricted=packed.columns.restricted,
    )


def _overview(workspace: Workspace, name: str) -> IndexOverview:
    versions = index_versions(workspace, name)
    numbers = {version.digest: version.number for version in versions}
    at = {alias: numbers.get(alias_of(workspace, name, alias) or "") for alias in (CHAMPION, LATEST)}
    return IndexOverview(name=name, champion=at[CHAMPION], latest=at[LATEST], versions=versions)
