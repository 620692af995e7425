"""A version of an index, open for reading: words and vectors ranked, and both rankings made one."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import msgspec
import numpy as np

from loopwright.core.hashing import Digest
from loopwright.errors import ModelLoadError, NotFoundError, UsageError
from loopwright.llm.embedder import Embedder
from loopwright.llm.embedding.table import open_embedder
from loopwright.llm.retrieval import lexical
from loopwright.llm.retrieval.filters import Mask
from loopwright.llm.retrieval.packed import Manifest, Packed
from loopwright.llm.retrieval.ranking import Rows, fused
from loopwright.llm.retrieval.stores import VectorStore, open_store
from loopwright.llm.retrieval.vectors import nearest
from loopwright.llm.retriever import Passage, Retriever
from loopwright.store.blobs import Blobs

How = Literal["hybrid", "vector", "lexical"]
MOST_PASSAGES = 1000
LONGEST_QUESTION = 20_000
_DEPTH = 50
_READERS_KEPT = 64


class _Reader(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader may see, worked out once."""

    visible: Mask | None
    norms: lexical.Norms


class IndexVersion(Retriever):
    """A version. Its files are mapped on the first search, which takes longer by the reading of them once.

    Args:
        packed: Its parts.
        run: Where an embedder keeps the files that it makes.
        embedder: What makes vectors of questions; opened on the first search where None.
    """

    def __init__(self, packed: Packed, *, run: Path, embedder: Embedder | None = None) -> None:
        self._packed = packed
        self._run = run
        self._lock = Lock()
        self._readers: OrderedDict[frozenset[str], _Reader] = OrderedDict()
        self._embedder = None if embedder is None else self._fitting(embedder)

    @property
    def digest(self) -> Digest:
        return self._packed.digest

    @property
    def manifest(self) -> Manifest:
        """What it is."""
        return self._packed.manifest

    def search(
        self, question: str, *, limit: int, where: Mapping[str, Any] | None = None, reader: Sequence[str] = ()
    ) -> tuple[Passage, ...]:
        return self.ranked(question, limit=limit, where=where, reader=reader)

    def ranked(
        self,
        question: str,
        *,
        limit: int,
        where: Mapping[str, Any] | None = None,
        reader: Sequence[str] = (),
        how: How = "hybrid",
    ) -> tuple[Passage, ...]:
        """As `search`, by words alone, by vectors alone, or by both.

        Raises:
            UsageError: `limit` is not from 1 to 1,000, or `where` holds what cannot be filtered by.
            ModelLoadError: The embedder at hand is not the one that made the vectors.
        """
        if not 1 <= limit <= MOST_PASSAGES:
            raise UsageError(f"limit={limit}", why=f"from 1 to {MOST_PASSAGES} passages can be asked for")
        asked = question[:LONGEST_QUESTION]
        wanted = self._packed.columns.wanted(where) if where else None
        seen = self._seen(reader)
        depth = max(_DEPTH, 2 * limit)
        rankings: list[Rows] = []
        if how != "vector":
            rankings.append(self._by_words(asked, seen, wanted=wanted, limit=depth))
        if how != "lexical":
            rankings.append(self._by_vector(asked, _both(seen.visible, wanted), limit=depth))
        rows, scores = fused(rankings, limit)
        return tuple(self._passage(int(row), float(score)) for row, score in zip(rows, scores, strict=True))

    def _by_words(self, question: str, seen: _Reader, *, wanted: Mask | None, limit: int) -> Rows:
        return lexical.search(
            self._packed.postings, question, spec=self.manifest.making.lexical, norms=seen.norms, limit=limit,
            visible=seen.visible, wanted=wanted,
        )  # fmt: skip

    def _by_vector(self, question: str, allowed: Mask | None, *, limit: int) -> Rows:
        vector = np.asarray(self._opened().embed([question])[0], dtype=np.float32)
        if not self.manifest.making.store:
            return nearest(self._packed.array("vectors"), self._packed.graph, vector, limit=limit, allowed=allowed)
        store, key = self._store, self.manifest.parts["vectors"]
        try:
            return store.search(key, vector, limit=limit, allowed=allowed)
        except NotFoundError:  # the store was emptied; the version has them
            store.put(key, self._packed.array("vectors"))
            return store.search(key, vector, limit=limit, allowed=allowed)

    @cached_property
    def _store(self) -> VectorStore:
        return open_store(self.manifest.making.store, base=self._run)

    def _seen(self, reader: Sequence[str]) -> _Reader:
        key = frozenset(reader) if self._packed.columns.restricted else frozenset()
        with self._lock:
            found = self._readers.get(key)
            if found is not None:
                self._readers.move_to_end(key)
                return found
        visible = self._packed.columns.visible(reader)
        norms = lexical.norms_of(self._packed.postings, self.manifest.making.lexical, visible)
        made = _Reader(visible=visible, norms=norms)
        with self._lock:
            self._readers[key] = made
            if len(self._readers) > _READERS_KEPT:
                self._readers.popitem(last=False)
        return made

    def _opened(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = self._fitting(open_embedder(self.manifest.making.embedder, folder=self._run))
            return self._embedder

    def _fitting(self, embedder: Embedder) -> Embedder:
        if embedder.digest != self.manifest.embedder:
            raise ModelLoadError(
                f"the vectors of index {self.manifest.index!r} were made by another embedder than the one at hand",
                why=f"version {self.digest[:12]} needs {self.manifest.embedder[:12]}, here is {embedder.digest[:12]}",
                fix=f"Build it again: loopwright index build {self.manifest.index}",
            )
        return embedder

    def _passage(self, row: int, score: float) -> Passage:
        chunk = self._packed.chunk(row)
        return Passage(id=chunk.id, document=chunk.document, text=chunk.text, score=score, metadata=chunk.metadata)


def open_version(blobs: Blobs, digest: Digest, *, run: Path, embedder: Embedder | None = None) -> IndexVersion:
    """Open a version of an index, in milliseconds; any number may be open at once.

    Args:
        blobs: The home's.
        digest: The version's.
        run: A folder in which an embedder may keep the files that it makes, as the home's `cache`.
        embedder: What makes vectors of questions; by default the one that the version names, opened on the first
            search.

    Raises:
        BlobMissingError, BlobCorruptError: There is no such version, or not all of it.
        HomeTooNewError: A newer Loopwright made it.
        ModelLoadError: `embedder` is not the one that made its vectors.
    """
    return IndexVersion(Packed(blobs, digest), run=run, embedder=embedder)


def _both(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return other if one is None else one
    return np.asarray(one & other)
