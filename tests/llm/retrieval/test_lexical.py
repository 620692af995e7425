import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.retrieval.index import Lexical
from loopwright.llm.retrieval.lexical import joined, norms_of, postings_of, search

SPEC = Lexical(stem=False)
WORDS = ["red", "green", "blue", "sky", "sea"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), min_size=1, max_size=12)


def bm25(texts, question, visible):
    """The formula as it is written, one text at a time, over the visible ones."""
    seen = [text.split() for text, shown in zip(texts, visible, strict=True) if shown]
    mean = sum(map(len, seen)) / len(seen) if seen and sum(map(len, seen)) else 1.0
    scores = {}
    for place, (text, shown) in enumerate(zip(texts, visible, strict=True)):
        counts = Counter(text.split())
        score = 0.0
        for word in set(question.split()):
            holders = sum(word in other for other in seen)
            idf = math.log(1 + (len(seen) - holders + 0.5) / (holders + 0.5))
            norm = SPEC.k1 * (1 - SPEC.b + SPEC.b * sum(counts.values()) / mean)
            score += idf * counts[word] * (SPEC.k1 + 1) / (counts[word] + norm) if shown else 0.0
        if score > 0:
            scores[place] = score
    return scores


def ranked(postings, question, visible, limit=50, wanted=None):
    norms = norms_of(postings, SPEC, visible)
    return search(postings, question, spec=SPEC, norms=norms, limit=limit, visible=visible, wanted=wanted).tolist()


@given(TEXTS, st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join), st.data())
def test_the_order_is_that_of_the_formula_over_what_the_reader_sees(texts, question, data):
    visible = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    scores = bm25(texts, question, visible)
    found = ranked(postings_of(texts, stem=False), question, visible)
    assert set(found) == set(scores)
    values = [scores[place] for place in found]
    assert values == pytest.approx(sorted(values, reverse=True), rel=1e-5)


def test_what_is_hidden_changes_no_order_for_those_who_do_not_see_it():
    texts = ["red red red sky", "blue sky sky", "green", *["red"] * 20]
    open_only = np.array([True] * 3 + [False] * 20)
    assert ranked(postings_of(texts, stem=False), "red sky blue", open_only) == ranked(
        postings_of(texts[:3], stem=False), "red sky blue", None
    )


def test_what_is_not_asked_for_changes_no_score():
    texts = ["red sky", "red", "sky sky"]
    postings = postings_of(texts, stem=False)
    everything = ranked(postings, "red sky", None)
    assert ranked(postings, "red sky", None, wanted=np.array([True, False, True])) == [p for p in everything if p != 1]


@given(TEXTS, TEXTS, st.data())
def test_joining_is_the_same_as_indexing_anew(before, added, data):
    keep = data.draw(st.lists(st.booleans(), min_size=len(before), max_size=len(before)))
    order = data.draw(st.permutations(range(sum(keep) + len(added))))
    kept, rest = np.full(len(before), -1), iter(order)
    texts = [""] * len(order)
    for place, stays in enumerate(keep):
        if stays:
            kept[place] = next(rest)
            texts[kept[place]] = before[place]
    places = np.array(list(rest), dtype=np.int64)
    for place, text in zip(places, added, strict=True):
        texts[place] = text
    made = joined(postings_of(before, stem=False), kept, added=postings_of(added, stem=False), places=places)
    anew = postings_of(texts, stem=False)
    for name in ("terms", "starts", "chunks", "counts", "lengths"):
        np.testing.assert_array_equal(getattr(made, name), getattr(anew, name), err_msg=name)


@pytest.mark.parametrize("question", ["", "unheard", "?!", "\u200b"])
def test_a_question_of_no_known_word_finds_nothing(question):
    assert ranked(postings_of(["red", ""], stem=False), question, None) == []
