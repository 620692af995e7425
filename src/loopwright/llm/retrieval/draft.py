"""What a build would make: which chunks an earlier version has already, which are cut anew. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from loopwright.core.hashing import Digest
from loopwright.llm.retrieval.chunking import Chunk, Inspect, cut
from loopwright.llm.retrieval.document import Corpus, Document
from loopwright.llm.retrieval.kept_vectors import KEY_BYTES
from loopwright.llm.retrieval.packed import DocumentRow, Making, Packed


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Documents of a corpus beside those of an earlier version, by name."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """The chunks of a version to be.

    Attributes:
        documents: By name.
        old: (n,) int64, each chunk's row in the earlier version; -1 where it was cut anew.
        new: The chunks that were cut anew, by row.
        keys: (n, 32) uint8, digests of what is searched, by which vectors are known.
        access: (n,) each chunk's access list.
        changes: What is different.
    """

    documents: tuple[DocumentRow, ...]
    old: NDArray[np.int64]
    new: Mapping[int, Chunk]
    keys: NDArray[np.uint8]
    access: tuple[tuple[str, ...] | None, ...]
    changes: Changes

    @property
    def n(self) -> int:
        """Chunks."""
        return int(self.old.size)


def draft(corpus: Corpus, making: Making, *, before: Packed | None, inspect: Inspect | None = None) -> Draft:
    """Cut what changed.

    Args:
        corpus: The documents as they are.
        making: How they are cut.
        before: The version whose chunks are used again where their documents did not change.
        inspect: What looks for suspicious text; it must be what `making.inspected` names.
    """
    spans = _spans(before)
    usable = before is not None and _cut_alike(before.manifest.making, making)
    old: list[int] = []
    new: dict[int, Chunk] = {}
    rows: list[DocumentRow] = []
    access: list[tuple[str, ...] | None] = []
    for document in corpus.documents:
        known = spans.get(document.name)
        if known is not None and usable and known[0] == document.digest:
            old.extend(known[1])
            count = len(known[1])
        else:
            chunks = cut(document, making.chunk, inspect=inspect)
            new |= dict(enumerate(chunks, start=len(old)))
            old.extend([-1] * len(chunks))
            count = len(chunks)
        access.extend([document.access] * count)
        rows.append(DocumentRow(name=document.name, digest=document.digest, chunks=count))
    places = np.array(old, dtype=np.int64)
    return Draft(
        documents=tuple(rows), old=places, new=new, keys=_keys(places, new, before), access=tuple(access),
        changes=changes(corpus.documents, {name: digest for name, (digest, _) in spans.items()}),
    )  # fmt: skip


def changes(documents: tuple[Document, ...] | tuple[DocumentRow, ...], before: Mapping[str, Digest]) -> Changes:
    """What is different between documents and an earlier version's, as digest by name."""
    now = {document.name: document.digest for document in documents}
    changed = tuple(name for name in now if name in before and before[name] != now[name])
    added = tuple(name for name in now if name not in before)
    removed = tuple(sorted(set(before) - set(now)))
    return Changes(added=added, changed=changed, removed=removed, unchanged=len(now) - len(added) - len(changed))


def _spans(before: Packed | None) -> dict[str, tuple[Digest, range]]:
    spans: dict[str, tuple[Digest, range]] = {}
    start = 0
    for row in before.documents if before is not None else ():
        spans[row.name] = (row.digest, range(start, start + row.chunks))
        start += row.chunks
    return spans


def _cut_alike(one: Making, other: Making) -> bool:
    return one.chunk == other.chunk and one.inspected == other.inspected


def _keys(old: NDArray[np.int64], new: Mapping[int, Chunk], before: Packed | None) -> NDArray[np.uint8]:
    keys = np.empty((old.size, KEY_BYTES), dtype=np.uint8)
    kept = old >= 0
    if before is not None and kept.any():
        keys[kept] = before.array("keys")[old[kept]]
    for row, chunk in new.items():
        keys[row] = np.frombuffer(blake3(chunk.searched.encode()).digest(), dtype=np.uint8)
    return keys
