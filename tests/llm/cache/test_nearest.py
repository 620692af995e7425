import sys

import numpy as np
import pytest

from loopwright.llm.cache.nearest import Nearest


def _vectors(count, dimensions=32, seed=5):
    made = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture(params=[1000, 20], ids=["each", "graph"])
def nearest(request):
    return Nearest(32, few=request.param)


def test_the_nearest_come_first_with_their_cosine(nearest):
    vectors = _vectors(300)
    for number, vector in enumerate(vectors):
        nearest.add(number, vector)
    wanted = _vectors(20, seed=6)
    right = 0
    for vector in wanted:
        alike = vectors @ vector
        found = nearest.find(vector, 3)
        assert [similarity for _, similarity in found] == sorted((s for _, s in found), reverse=True)
        assert all(abs(similarity - alike[number]) < 0.01 for number, similarity in found)
        right += found[0][0] == int(alike.argmax())
    assert right >= 19


def test_what_is_removed_is_not_found_and_the_others_are(nearest):
    vectors = _vectors(60)
    for number, vector in enumerate(vectors):
        nearest.add(number, vector)
    for number in (0, 59, 30, 999):
        nearest.remove(number)
    assert len(nearest) == 57
    for number, vector in enumerate(vectors):
        best, similarity = nearest.find(vector, 1)[0]
        assert (best == number) == (number not in (0, 59, 30))
        assert similarity <= 1.01


def test_of_nothing_nothing_is_found(nearest):
    assert nearest.find(_vectors(1)[0], 4) == []
    nearest.add(7, _vectors(1)[0])
    assert len(nearest.find(_vectors(1)[0], 4)) == 1
    nearest.remove(7)
    assert nearest.find(_vectors(1)[0], 4) == []


def test_without_usearch_each_is_compared(monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    nearest = Nearest(32, few=10)
    vectors = _vectors(50)
    for number, vector in enumerate(vectors):
        nearest.add(number, vector)
    assert [nearest.find(vector, 1)[0][0] for vector in vectors] == list(range(50))
