"""What differs between two versions of an index, by documents and by what they were made with."""

from typing import Any

import msgspec

from loopwright.app.indexes.versions import IndexVersionRecord, find_version
from loopwright.app.workspace import Workspace
from loopwright.llm.retrieval.draft import Changes, changes
from loopwright.llm.retrieval.packed import Packed


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """From one version to another.

    Attributes:
        before: The one.
        after: The other.
        documents: What is different among the documents.
        making: Fields of the declaration that differ, as `[before, after]`.
    """

    before: IndexVersionRecord
    after: IndexVersionRecord
    documents: Changes
    making: dict[str, tuple[Any, Any]]


def difference(workspace: Workspace, before: str, after: str) -> Difference:
    """Compare two versions, each named as `find_version` says.

    Raises:
        NotFoundError: One of them is not there.
        BlobMissingError, BlobCorruptError: One of them is not whole.
    """
    one, other = find_version(workspace, before), find_version(workspace, after)
    old, new = Packed(workspace.stores.blobs, one.digest), Packed(workspace.stores.blobs, other.digest)
    ways = [msgspec.to_builtins(packed.manifest.making) for packed in (old, new)]
    return Difference(
        before=one,
        after=other,
        documents=changes(new.documents, {row.name: row.digest for row in old.documents}),
        making={name: (ways[0][name], ways[1][name]) for name in ways[0] if ways[0][name] != ways[1][name]},
    )
