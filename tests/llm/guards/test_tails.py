"""How much of a text's end is held back."""

import pytest

from loopwright.llm.guards.tails import last_words


@pytest.mark.parametrize(
    ("text", "count", "kept"),
    [("one two three", 1, " three"), ("one two three", 2, " two three"), ("one two", 5, "one two"),
     ("one two ", 1, " two "),     ("", 3, ""), ("  one", 1, "  one")],
)  # fmt: skip
def test_the_last_words_begin_where_the_one_before_them_ends(text: str, count: int, kept: str) -> None:
    assert text[last_words(text, count, longest=100) :] == kept


def test_a_word_without_an_end_is_held_no_longer_than_the_longest() -> None:
    assert last_words("x" * 500, 2, longest=100) == 400


def test_words_that_go_on_belong_to_them() -> None:
    text = "card 4111 1111 1111 1111"
    assert text[last_words(text, 1, longest=100, goes_on=str.isdigit) :] == " 4111 1111 1111 1111"
