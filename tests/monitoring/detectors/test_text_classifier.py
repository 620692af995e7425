"""Texts of another topic."""

from tests.monitoring.detectors.row_worlds import TOPICS, texts

from loopwright.monitoring.detectors.text_classifier import TextClassifier
from loopwright.monitoring.text_tokens import token_table, words_of_buckets


def test_the_buckets_that_rose_are_those_of_the_new_topics_words():
    now = texts(1, 300, kitchen=0.4)
    found = TextClassifier().measure(token_table(texts(0, 600), "words"), token_table(now, "words"), explain=True)
    named = words_of_buckets(now, "words")
    words = [named[bucket] for bucket, _, _ in found.details["buckets"] if bucket in named]
    assert set(words[:6]) <= set(TOPICS["kitchen"])
    assert all(here > there for _, here, there in found.details["buckets"])
    assert found.effect > 0.1


def test_longer_texts_alone_are_hardly_another_topic():
    longer = [f"{one} {other}" for one, other in zip(texts(1, 300), texts(2, 300), strict=True)]
    found = TextClassifier().measure(token_table(texts(0, 600), "words"), token_table(longer, "words"), explain=False)
    assert found.effect < 0.2


def test_empty_texts_are_no_error():
    empty = token_table([None] * 50, "words")
    assert TextClassifier().measure(empty, empty, explain=True).effect == 0.0
