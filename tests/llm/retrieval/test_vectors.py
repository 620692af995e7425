import numpy as np
import pytest

from loopwright.llm.retrieval import vectors as module
from loopwright.llm.retrieval.graph import Graph, write_graph
from loopwright.llm.retrieval.vectors import nearest


@pytest.fixture(scope="module")
def vectors():
    made = np.random.default_rng(0).normal(size=(3000, 32)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def graph(vectors, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "graph"
    write_graph(vectors, path)
    return Graph(path)


def test_the_nearest_come_first_and_hidden_ones_never(vectors):
    allowed = np.arange(3000) % 7 == 0
    found = nearest(vectors, None, vectors[14], limit=5, allowed=allowed)
    scores = vectors @ vectors[14]
    expected = sorted(np.flatnonzero(allowed), key=lambda row: -scores[row])[:5]
    assert found.tolist() == [int(row) for row in expected]
    assert found[0] == 14


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01])
def test_with_a_graph_enough_are_found_however_few_are_allowed(vectors, graph, monkeypatch, share):
    monkeypatch.setattr(module, "_FEW", 0)
    allowed = np.random.default_rng(1).random(3000) < share
    for row in range(20):
        found = nearest(vectors, graph, vectors[row], limit=20, allowed=allowed)
        exact = nearest(vectors, None, vectors[row], limit=20, allowed=allowed)
        assert found.size == min(20, allowed.sum())
        assert allowed[found].all()
        assert np.unique(found).size == found.size
        assert len(set(found) & set(exact)) >= 0.9 * found.size


def test_nothing_is_like_a_question_of_zeros_and_nothing_is_found_where_nothing_is_allowed(vectors, graph):
    assert nearest(vectors, graph, np.zeros(32, np.float32), limit=5).size == 0
    assert nearest(vectors, graph, vectors[0], limit=5, allowed=np.zeros(3000, bool)).size == 0
