"""Scorers of what an answer says."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.scorers.text import contains, exact, length, regex


def judge(scorer, text, expected=None):
    return asyncio.run(scorer.score(case("q", expected), Answer(text=text)))


@pytest.mark.parametrize(
    ("expected", "text", "verdict"),
    [
        ("Paris", "  Paris\n", "pass"),
        ("Paris", "paris", "fail"),
        ("Paris", "Paris, France", "fail"),
        (["Paris", "Lutetia"], "Lutetia", "pass"),
        ("Zu\u0308rich", "Zürich", "pass"),
        (42, "42", "pass"),
        ({"a": 1, "b": 2}, '{"b": 2, "a": 1}', "pass"),
        ({"a": 1}, '{"a": 2}', "fail"),
        ({"a": 1}, "a is 1", "fail"),
        (None, "Paris", "no_verdict"),
        ("", "", "pass"),
        (False, "false", "fail"),
    ],
)
def test_exact(expected, text, verdict):
    assert judge(exact(), text, expected).verdict == verdict


def test_exact_may_ignore_case():
    assert judge(exact(ignore_case=True), "STRASSE", "straße").verdict == "pass"


@pytest.mark.parametrize(
    ("expected", "text", "verdict", "value"),
    [
        ("paris", "It is Paris.", "pass", 1.0),
        (["Paris", "France"], "It is Paris.", "fail", 0.5),
        ("two  words", "here are two\nwords", "pass", 1.0),
        (None, "It is Paris.", "no_verdict", None),
        ([], "It is Paris.", "no_verdict", None),
    ],
)
def test_contains(expected, text, verdict, value):
    score = judge(contains(), text, expected)
    assert (score.verdict, score.value) == (verdict, value)


def test_contains_any_of_and_given_texts():
    assert judge(contains("a", "z", any_of=True), "abc").verdict == "pass"
    assert judge(contains("y", "z", any_of=True), "abc").verdict == "fail"
    assert judge(contains("abc", "z"), "abc").verdict == "fail"


def test_regex():
    assert judge(regex(r"^\d+$"), "12").verdict == "pass"
    assert judge(regex(r"^\d+$"), "twelve").verdict == "fail"
    assert judge(regex(r"\d", absent=True), "12").verdict == "fail"
    assert judge(regex(), "abc", "b+").verdict == "pass"
    assert judge(regex(), "abc", "(").verdict == "no_verdict"
    assert judge(regex(), "abc").verdict == "no_verdict"
    with pytest.raises(UsageError):
        regex("(")


def test_length():
    assert judge(length(at_most_words=2), "one two").verdict == "pass"
    assert judge(length(at_most_words=2), "one two three").verdict == "fail"
    assert judge(length(), "  ").verdict == "fail"


@pytest.mark.parametrize("scorer", [exact(), contains(), regex("a"), length()])
def test_an_error_is_never_a_fail(scorer):
    score = asyncio.run(scorer.score(case("q", "a"), Answer(error="LW516", why="gone")))
    assert score.verdict == "no_verdict"
    assert "gone" in score.reason
    assert score.value is None
