"""Citations name passages that were given."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.scorers.citations import citations
from loopwright.llm.retriever import Passage

PASSAGES = tuple(Passage(id=f"c{n}", document=f"guide{n}.md", text="t", score=1.0) for n in (1, 2))


def judge(text, passages=PASSAGES, **options):
    return asyncio.run(citations(**options).score(case("q"), Answer(text=text, passages=passages)))


@pytest.mark.parametrize(
    ("text", "verdict", "value"),
    [
        ("So it is [1].", "pass", 1.0),
        ("So it is [1, 2].", "pass", 1.0),
        ("So it is [guide2.md] and [c1].", "pass", 1.0),
        ("So it is [1] and [3].", "fail", 0.5),
        ("So it is.", "fail", 0.0),
        ("See [the guide](https://example.org) [2].", "pass", 1.0),
    ],
)
def test_marks_are_held_against_the_passages(text, verdict, value):
    score = judge(text)
    assert (score.verdict, score.value) == (verdict, value)


def test_without_passages_there_is_nothing_to_cite():
    assert judge("So it is [1].", passages=()).verdict == "no_verdict"


def test_another_form_of_citation():
    assert judge("So it is (source: c1).", pattern=r"\(source: (\w+)\)").verdict == "pass"
    with pytest.raises(UsageError):
        citations(pattern="no group")
