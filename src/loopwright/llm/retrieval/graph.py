"""Approximate nearest neighbours: HNSW by `usearch` (Malkov, Yashunin 2018), in a file that is mapped, not read."""

import importlib.util
from pathlib import Path
from threading import Lock

import numpy as np

from loopwright.llm.embedding.neighbours import usearch_index
from loopwright.llm.retrieval.ranking import Rows
from loopwright.stats.arrays import AnyArray

FROM_CHUNKS = 10_000
"""Below, comparing with every vector is as fast and misses none."""
_NEIGHBOURS = 16
_ADD_DEPTH = 128
_SEARCH_DEPTH = 512


def available() -> bool:
    """Whether the library is installed."""
    return importlib.util.find_spec("usearch") is not None


def write_graph(vectors: AnyArray, path: Path) -> None:
    """Build a graph over unit vectors (n, dimensions) and write it; in one thread, so that it is the same every time.

    It holds the vectors as whole numbers of 8 bits: what it finds is scored by the vectors themselves.

    Raises:
        MissingExtraError: The library is not installed.
    """
    library = usearch_index()
    made = library.Index(
        ndim=vectors.shape[1], metric="ip", dtype="i8", connectivity=_NEIGHBOURS, expansion_add=_ADD_DEPTH
    )
    made.add(np.arange(vectors.shape[0], dtype=np.uint64), np.ascontiguousarray(vectors), threads=1)
    made.save(str(path))


class Graph:
    """A graph that was written. Safe from several threads, which take turns.

    Args:
        path: Its file, which stays as it is.

    Raises:
        MissingExtraError: The library is not installed.
    """

    def __init__(self, path: Path) -> None:
        self._index = usearch_index().Index.restore(str(path), view=True, enable_key_lookups=False)
        self._lock = Lock()

    def nearest(self, vector: AnyArray, limit: int) -> Rows:
        """Rows of the nearest vectors, nearly always the very nearest, in no promised order."""
        with self._lock:
            self._index.expansion_search = max(_SEARCH_DEPTH, limit)
            found = self._index.search(vector, limit, threads=1)
        return np.asarray(found.keys).astype(np.int64)
