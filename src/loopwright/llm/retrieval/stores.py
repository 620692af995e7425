"""The vector store seam: where vectors are searched that are not searched in the version's own files.

A version keeps its vectors as a part in any case: incremental builds read them, and a store that has lost a version is
given it again.
"""

import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loopwright.core.hashing import Digest, is_digest
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.retrieval import graph
from loopwright.llm.retrieval.ranking import Rows
from loopwright.llm.retrieval.store_url import check_url
from loopwright.llm.retrieval.vectors import nearest
from loopwright.stats.arrays import AnyArray
from loopwright.store.backends.os_errors import named_os_errors

GROUP = "loopwright.vector_stores"
"""Entry points by the scheme of a URL, each a function of the URL that gives a `VectorStore`."""
FILE = "file"


class VectorStore(ABC):
    """Vectors by key. Safe from several threads and processes; blocks.

    Raises (any method): StoreError, UpstreamError where the store cannot be reached.
    """

    @abstractmethod
    def put(self, key: Digest, vectors: AnyArray) -> None:
        """Keep (n, dimensions) float32 of unit length: all of them or none, also when killed. What is there stays."""

    @abstractmethod
    def search(self, key: Digest, vector: AnyArray, *, limit: int, allowed: NDArray[np.bool_] | None = None) -> Rows:
        """Rows of the vectors most like another, best first, as many as there are up to `limit`.

        Args:
            key: Which vectors.
            vector: (dimensions,) float32, of unit length; of zeros, nothing is like it.
            limit: How many at most.
            allowed: (n,) which rows may be found; None: all. They are chosen before the limit is counted.

        Raises:
            NotFoundError: There are no vectors of this key.
        """

    @abstractmethod
    def remove(self, key: Digest) -> bool:
        """Forget vectors; False where there were none."""


class FileVectors(VectorStore):
    """Vectors in files of a folder, each key's with its graph where they are many.

    Args:
        folder: Made where it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Digest, tuple[AnyArray, graph.Graph | None]] = {}

    def put(self, key: Digest, vectors: AnyArray) -> None:
        place = self._place(key)
        if place.is_dir():
            return
        with named_os_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            building = Path(tempfile.mkdtemp(dir=self._folder, prefix="building-"))
            try:
                np.save(building / "vectors.npy", vectors, allow_pickle=False)
                if vectors.shape[0] >= graph.FROM_CHUNKS and graph.available():
                    graph.write_graph(vectors, building / "graph")
                os.rename(building, place)
            except OSError:
                if not place.is_dir():  # another one has put the same meanwhile
                    raise
            finally:
                shutil.rmtree(building, ignore_errors=True)

    def search(self, key: Digest, vector: AnyArray, *, limit: int, allowed: NDArray[np.bool_] | None = None) -> Rows:
        vectors, found = self._opened(key)
        return nearest(vectors, found, vector, limit=limit, allowed=allowed)

    def remove(self, key: Digest) -> bool:
        place = self._place(key)
        self._open.pop(key, None)
        if not place.is_dir():
            return False
        with named_os_errors(place):
            gone = place.with_name(f"gone-{key}")
            shutil.rmtree(gone, ignore_errors=True)
            os.rename(place, gone)
            shutil.rmtree(gone)
        return True

    def _opened(self, key: Digest) -> tuple[AnyArray, graph.Graph | None]:
        place = self._place(key)
        if not place.is_dir():
            raise NotFoundError(f"there are no vectors {key[:12]} in {self._folder}", fix="Build the index again.")
        if key not in self._open:
            made = graph.Graph(place / "graph") if (place / "graph").is_file() else None
            self._open[key] = (np.load(place / "vectors.npy", mmap_mode="r"), made)
        return self._open[key]

    def _place(self, key: Digest) -> Path:
        if not is_digest(key):
            raise UsageError(f"{key[:80]!r} is no digest", why="vectors are kept by the digest of their file")
        return self._folder / key


def open_store(url: str, *, base: Path) -> VectorStore:
    """Open the store that a URL names.

    Args:
        url: `file:PATH`, or one whose scheme an installed package knows.
        base: What the path of `file:` is relative to.

    Raises:
        UsageError: No package knows the scheme, its plug-in fails, or gives something else than a store.
    """
    scheme = check_url(url)
    if scheme == FILE:
        return FileVectors(base / url.partition(":")[2])
    point = next(iter(entry_points(group=GROUP, name=scheme)), None)
    if point is None:
        raise UsageError(
            f"no installed package knows vector stores of the scheme {scheme!r}",
            fix=f"Install one with an entry point in the group {GROUP!r}, or use file:PATH.",
        )
    try:
        store = point.load()(url)
    except Exception as error:
        raise UsageError(
            f"the vector store plug-in {point.value} fails", why=f"{type(error).__name__}: {error}",
            fix="Repair or remove the package that brings it.",
        ) from error  # fmt: skip
    if not isinstance(store, VectorStore):
        raise UsageError(f"the vector store plug-in {point.value} gives no VectorStore", fix="Repair that package.")
    return store
