"""Folders that a pipeline makes for an application, as adapters are: kept in its bundle as files, not as a value."""

from collections.abc import Mapping

from loopwright.core.codec import from_json
from loopwright.core.hashing import Digest
from loopwright.formats.containers import Index
from loopwright.formats.value import get_value, read_envelope, value_files
from loopwright.store.blobs import Blobs
from loopwright.store.trees import put_tree

_CONTAINER = "container/"
_BYTES = "bytes/"
_INDEX = "container.json"


def with_files(blobs: Blobs, made: Mapping[str, Digest]) -> dict[str, Digest]:
    """The results of a pipeline, by name; where one is bytes by file name (`dict[str, bytes]`) it becomes a tree, so
    that an extracted bundle has these files in `parts/NAME/`.

    Args:
        blobs: Where the values lie, and the trees go.
        made: Digests of values by name.

    Raises:
        BlobMissingError, BlobCorruptError: A value is not there, or not what it claims.
        UsageError: A file's name is absolute, or climbs.
    """
    return {name: _tree(blobs, digest) if _is_files(blobs, digest) else digest for name, digest in made.items()}


def _tree(blobs: Blobs, digest: Digest) -> Digest:
    return put_tree(blobs, get_value(blobs, digest))


def _is_files(blobs: Blobs, digest: Digest) -> bool:
    if not read_envelope(blobs, digest).format.startswith(_CONTAINER):
        return False
    index = from_json(value_files(blobs, digest)[1][_INDEX], Index)
    return index.kind == "dict" and all(label.startswith(_BYTES) for label in index.formats)
