import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.retrieval.ranking import best, fused


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), max_size=40), st.integers(0, 50))
def test_the_best_are_as_sorting_finds_them_ties_by_place(scores, limit):
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:limit]
    assert best(np.array(scores), limit).tolist() == expected


def test_rows_are_called_as_they_are_told():
    assert best(np.array([1.0, 3.0, 2.0]), 2, rows=np.array([10, 20, 30])).tolist() == [20, 30]


def test_fusion_is_the_published_formula():
    rows, scores = fused([np.array([7, 3]), np.array([3, 9])], 5)
    assert rows.tolist() == [3, 7, 9]
    np.testing.assert_allclose(scores, [1 / 62 + 1 / 61, 1 / 61, 1 / 62])
    assert fused([], 5)[0].size == 0
    assert fused([np.array([4, 2])], 1)[0].tolist() == [4]
