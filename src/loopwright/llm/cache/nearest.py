"""The nearest of many vectors: each compared while they are few, by a graph of neighbours (HNSW) once they are many."""

from typing import Any

import numpy as np

from loopwright.errors import MissingExtraError
from loopwright.llm.embedding.neighbours import usearch_index

FEW = 10_000
_FIRST_ROWS = 8
_BLOCK_ROWS = 1000


class Nearest:
    """Vectors of length one by a number. Used by one thread.

    Above `few` vectors the library `usearch` is used where it is installed: neighbours are then near with a high
    probability, not with certainty, and numbers are kept in half the precision. Without it each is compared.

    Args:
        dimensions: Length of a vector.
        few: How many are compared one by one.
    """

    def __init__(self, dimensions: int, *, few: int = FEW) -> None:
        self._dimensions = dimensions
        self._few = few
        self._rows = np.empty((_FIRST_ROWS, dimensions), dtype=np.float32)
        self._keys: list[int] = []
        self._places: dict[int, int] = {}
        self._graph: Any = None

    def __len__(self) -> int:
        return len(self._places) if self._graph is None else len(self._graph)

    def add(self, key: int, vector: np.ndarray) -> None:
        """Add a vector under a number that is not there yet."""
        if self._graph is not None:
            self._graph.add(key, vector)
            return
        place = len(self._keys)
        if place == len(self._rows):
            grown = np.empty((2 * place, self._dimensions), dtype=np.float32)
            grown[:place] = self._rows
            self._rows = grown
        self._rows[place] = vector
        self._keys.append(key)
        self._places[key] = place
        if len(self._keys) > self._few:
            self._make_graph()

    def remove(self, key: int) -> None:
        """Take a vector out, if it is there."""
        if self._graph is not None:
            if key in self._graph:
                self._graph.remove(key)
            return
        place = self._places.pop(key, None)
        if place is None:
            return
        last = self._keys.pop()
        if last != key:
            self._keys[place] = last
            self._places[last] = place
            self._rows[place] = self._rows[len(self._keys)]

    def find(self, vector: np.ndarray, limit: int) -> list[tuple[int, float]]:
        """At most `limit` numbers with the cosine of their vectors, the nearest first."""
        if not len(self):
            return []
        if self._graph is not None:
            found = self._graph.search(vector, limit)
            return [(int(key), 1.0 - float(far)) for key, far in zip(found.keys, found.distances, strict=True)]
        alike = self._alike(vector)
        best = np.argpartition(-alike, limit - 1)[:limit] if len(alike) > limit else np.arange(len(alike))
        best = best[np.argsort(-alike[best], kind="stable")]
        return [(self._keys[place], float(alike[place])) for place in best]

    def _alike(self, vector: np.ndarray) -> np.ndarray:
        """(n,) cosines; in blocks so small that the library of linear algebra wakes no threads for them."""
        alike = np.empty(len(self._keys), dtype=np.float32)
        for start in range(0, len(alike), _BLOCK_ROWS):
            block = slice(start, min(start + _BLOCK_ROWS, len(alike)))
            np.dot(self._rows[block], vector, out=alike[block])
        return alike

    def _make_graph(self) -> None:
        try:
            index = usearch_index()
        except MissingExtraError:
            self._few = 1 << 62
            return
        graph = index.Index(ndim=self._dimensions, metric="ip", dtype="f16", expansion_add=64)
        graph.add(np.array(self._keys, dtype=np.uint64), self._rows[: len(self._keys)], threads=1)
        self._graph = graph
        self._keys, self._places = [], {}
        self._rows = np.empty((0, self._dimensions), dtype=np.float32)
