"""Texts as sets of hashed n-grams."""

import polars as pl

from loopwright.monitoring.text_tokens import BUCKETS, TOKENS, token_table, words_of_buckets


def test_a_text_is_the_buckets_of_its_words_and_pairs():
    table = token_table(["late gate", "gate late", "late gate late gate", None, ""], "words")
    assert table.schema == {TOKENS: pl.List(pl.UInt16)}
    first, turned, repeated, missing, empty = table[TOKENS].to_list()
    assert len(first) == 3
    assert len(set(first) & set(turned)) == 2
    assert len(repeated) == 4
    assert missing == empty == []
    assert all(0 <= bucket < BUCKETS for bucket in first)


def test_no_text_can_be_read_from_its_tokens():
    table = token_table(["a private word", "a private word"], "words")
    assert "private" not in str(table.to_dict(as_series=False))


def test_scripts_without_spaces_are_taken_apart_by_characters():
    one, other = token_table(["航班延误了两个小时", "面粉和黄油"], "characters")[TOKENS].to_list()
    assert len(one) > 5
    assert not set(one) & set(other)


def test_words_are_named_only_if_many_texts_have_them():
    texts = ["the gate was late"] * 12 + ["the passport number is X123"] * 3
    named = words_of_buckets(texts, "words")
    assert "gate" in named.values()
    assert not any("passport" in word or "x123" in word for word in named.values())
    (bucket,) = (place for place, word in named.items() if word == "gate")
    assert bucket in token_table(["gate"], "words")[TOKENS].to_list()[0]
    assert words_of_buckets([None, ""], "words") == {}
