"""Texts, as a loop file declares them."""

import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.rules.text_drift import text_drift


def test_a_column_and_what_its_texts_are_taken_apart_into():
    assert text_drift("comment").name == "text_drift(comment)"
    assert (text_drift("comment").grams, text_drift("comment", grams="characters").grams) == ("words", "characters")


def test_what_cannot_be_is_refused():
    for declare in (lambda: text_drift(""), lambda: text_drift(None), lambda: text_drift("t", grams="letters")):
        with pytest.raises(UsageError):
            declare()
