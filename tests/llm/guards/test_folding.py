"""Texts without the tricks of Unicode, and the way back to the characters as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.guards.folding import fold


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("plain ASCII, 1 < 2", "plain ASCII, 1 < 2"),
        ("\uff29\uff47\uff4e\uff4f\uff52\uff45", "Ignore"),
        ("\u0456gn\u043er\u0435", "ignore"),
        ("i\u200bg\u200dn\u00ado\u2060re", "ignore"),
        ("\U000e0069\U000e0067nore", "ignore"),
        ("\U0001d422\U0001d420nore", "ignore"),
        ("i\u0336g\u0336n\u0336ore", "ignore"),
        ("\u00cdgn\u00f6re", "Ignore"),
        ("\u0661\u0662\u0663", "123"),
        ("a\u00a0b\u2003c", "a b c"),
        ("1\u20112\u20133", "1-2-3"),
        ("o\ufb03ce", "office"),
        ("\u200b\u3164", ""),
    ],
)
def test_what_looks_like_a_letter_becomes_it(written: str, plain: str) -> None:
    assert fold(written).text == plain


@given(st.text(max_size=40))
def test_every_place_of_a_folded_text_is_a_place_of_the_original(text: str) -> None:
    folded = fold(text)
    places = [folded.span(at, at + 1) for at in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)
    assert folded.at(len(folded.text)) == len(text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_text_folds_as_its_parts_do(first: str, second: str) -> None:
    assert fold(first + second).text == fold(first).text + fold(second).text


def test_a_span_covers_what_was_invisible_inside_it_and_nothing_around_it() -> None:
    folded = fold("\u200b\ufb01\u200bx\u200b")
    assert folded.text == "fix"
    assert folded.span(0, 3) == (1, 4)
    assert folded.span(1, 2) == (1, 2)
