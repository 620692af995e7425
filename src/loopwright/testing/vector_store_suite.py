"""What every implementation and wrapper of the vector store seam must do.

A test class subclasses `VectorStoreSuite`, says `implementation = TheClass`, and has a fixture `vector_store` (an empty
store).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import NotFoundError
from loopwright.llm.retrieval.stores import VectorStore
from loopwright.stats.arrays import AnyArray

KEY: Digest = digest_bytes(b"one")
OTHER: Digest = digest_bytes(b"other")


def unit_vectors(n: int, *, seed: int = 0) -> AnyArray:
    """(n, 16) float32, each of length 1."""
    made = np.random.default_rng(seed).normal(size=(n, 16)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


class VectorStoreSuite:
    """The contract of `VectorStore`."""

    implementation: ClassVar[type[VectorStore]]

    def test_the_nearest_come_first(self, vector_store: VectorStore) -> None:
        vectors = unit_vectors(200)
        vector_store.put(KEY, vectors)
        found = vector_store.search(KEY, vectors[7], limit=5)
        assert found.tolist() == np.argsort(-(vectors @ vectors[7]), kind="stable")[:5].tolist()

    def test_rows_that_are_not_allowed_do_not_count_towards_the_limit(self, vector_store: VectorStore) -> None:
        vectors = unit_vectors(200)
        vector_store.put(KEY, vectors)
        allowed = np.arange(200) % 40 == 3
        found = vector_store.search(KEY, vectors[7], limit=5, allowed=allowed)
        assert sorted(found.tolist()) == [3, 43, 83, 123, 163]
        assert vector_store.search(KEY, vectors[7], limit=5, allowed=np.zeros(200, np.bool_)).size == 0

    def test_as_many_come_back_as_there_are(self, vector_store: VectorStore) -> None:
        vectors = unit_vectors(3)
        vector_store.put(KEY, vectors)
        assert sorted(vector_store.search(KEY, vectors[0], limit=10).tolist()) == [0, 1, 2]
        assert vector_store.search(KEY, np.zeros(16, np.float32), limit=10).size == 0

    def test_keys_are_apart_and_what_is_there_stays(self, vector_store: VectorStore) -> None:
        one, other = unit_vectors(20), unit_vectors(20, seed=1)
        vector_store.put(KEY, one)
        vector_store.put(OTHER, other)
        vector_store.put(KEY, other)
        assert vector_store.search(KEY, one[4], limit=1).tolist() == [4]
        assert vector_store.search(OTHER, other[4], limit=1).tolist() == [4]

    def test_what_is_removed_is_gone_and_may_be_put_again(self, vector_store: VectorStore) -> None:
        vectors = unit_vectors(5)
        assert not vector_store.remove(KEY)
        vector_store.put(KEY, vectors)
        assert vector_store.remove(KEY)
        with pytest.raises(NotFoundError):
            vector_store.search(KEY, vectors[0], limit=1)
        vector_store.put(KEY, vectors)
        assert vector_store.search(KEY, vectors[2], limit=1).tolist() == [2]

    def test_several_threads_put_and_search_at_once(self, vector_store: VectorStore) -> None:
        vectors = unit_vectors(50)

        def work(row: int) -> list[int]:
            vector_store.put(KEY, vectors)
            found: list[int] = vector_store.search(KEY, vectors[row], limit=1).tolist()
            return found

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(50))) == [[row] for row in range(50)]
