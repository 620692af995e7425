"""Toxic language, by words and those around them."""

import pytest

from loopwright.errors import UsageError
from loopwright.llm.guards.detectors.toxicity import Toxicity


def found(text: str, **options) -> list[str]:
    return [hit.kind for hit in Toxicity(**options).find(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("You are an idiot", "insult"), ("I will kill you", "threat"), ("All immigrants are criminals", "hate"),
     ("kill yourself", "self_harm")],
)  # fmt: skip
def test_it_is_found_as_what_it_is(text: str, kind: str) -> None:
    assert found(text) == [kind]


@pytest.mark.parametrize(
    "text",
    ["kill the process", "Scunthorpe", "this stupid bug", "immigrants are often nurses", "you are right", "damn"],
)
def test_words_alone_do_not_make_it(text: str) -> None:
    assert found(text) == []


def test_profanity_is_found_where_it_is_asked_for() -> None:
    assert found("what the fuck") == []
    assert found("what the fuck", kinds=["profanity"]) == ["profanity"]


def test_a_list_of_ones_own_is_found_too() -> None:
    assert found("that Knave is a right rapscallion", words=["knave", "right rapscallion"]) == ["listed", "listed"]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of toxicity"):
        Toxicity(kinds=["sarcasm"])
