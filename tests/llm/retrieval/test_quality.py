import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from loopwright.errors import UsageError
from loopwright.llm.retrieval.labelled import Labelled
from loopwright.llm.retrieval.quality import gain, quality, values_of
from loopwright.llm.retriever import Passage, Retriever


class Fixed(Retriever):
    """Always the same ranking, of (document, chunk id)."""

    digest = "fixed"

    def __init__(self, *ranked):
        self.ranked = ranked
        self.asked = []

    def search(self, question, *, limit, where=None, reader=()):
        self.asked.append((where, tuple(reader)))
        made = [Passage(id=id_, document=name, text="", score=1.0) for name, id_ in self.ranked]
        return tuple(made[:limit])


def one(retriever, relevant, measure, k):
    return values_of(retriever, [Labelled(question="q", relevant=relevant)], measure, k=k)[0]


RANKED = Fixed(("a", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("d", "5"))


@pytest.mark.parametrize(
    ("relevant", "measure", "k", "expected"),
    [
        (["a"], "recall", 1, 1.0),
        (["b"], "recall", 1, 0.0),
        (["b"], "recall", 2, 1.0),  # the second chunk of "a" takes no rank
        (["b", "z"], "recall", 5, 0.5),
        (["c"], "mrr", 5, 1 / 3),
        (["c"], "mrr", 2, 0.0),
        (["b", "d"], "mrr", 5, 1 / 2),
        ({"b": 3, "a": 1}, "ndcg", 2, (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))),
        (["z"], "ndcg", 5, 0.0),
    ],
)
def test_measures_are_what_their_definitions_say(relevant, measure, k, expected):
    assert one(RANKED, relevant, measure, k) == pytest.approx(expected)


def test_ndcg_is_that_of_scikit_learn():
    grades = {"a": 2.0, "c": 3.0, "d": 1.0}
    truth = [grades.get(name, 0.0) for name in "abcd"]
    expected = ndcg_score([truth], [[4, 3, 2, 1]], k=3)
    assert one(RANKED, grades, "ndcg", 3) == pytest.approx(expected)


def test_where_chunks_are_labelled_each_has_a_rank():
    ids = [f"{number:024x}" for number in range(3)]
    ranked = Fixed(("a", ids[0]), ("a", ids[1]), ("a", ids[2]))
    assert one(ranked, [ids[2]], "mrr", 5) == pytest.approx(1 / 3)


def test_the_reader_and_the_filter_of_a_question_are_asked_with():
    retriever = Fixed(("a", "1"))
    values_of(retriever, [Labelled(question="q", relevant=["a"], where={"x": 1}, reader=["staff"])], "mrr", k=1)
    assert retriever.asked == [({"x": 1}, ("staff",))]


def test_intervals_hold_the_value_and_one_question_has_none():
    values = np.random.default_rng(0).random(200)
    found = quality(values, "mrr@10")
    assert found.value == pytest.approx(values.mean())
    assert found.low < found.value < found.high
    assert quality(values[:1], "mrr@10").low is None
    paired = gain(values + 0.01, values, "mrr@10")
    assert (paired.low, paired.high) == (pytest.approx(0.01), pytest.approx(0.01))


@pytest.mark.parametrize("k", [0, 101])
def test_ranks_out_of_bounds_are_refused(k):
    with pytest.raises(UsageError):
        values_of(RANKED, [], "mrr", k=k)
