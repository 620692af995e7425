"""No text makes a detector work more than in proportion to its length."""

import time

import pytest

from loopwright.llm.guards import declarations
from loopwright.llm.guards.building import build
from loopwright.llm.guards.detector import Detector
from loopwright.llm.guards.folding import fold

UNITS = (
    "a", "1", "1 ", "@", "a@", "a.", "a@a.", "+1", "0 ", "(2", "AB12 ", "GB29 ", "1.", "1:", "ab:", "sk-", "sk-a",
    "eyJ", "eyJaaaaaaaa.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "password=", "password: ", "ignore ",
    "ignore the ", "ignore'", "send ", "send to ", "all ", "all those ", "you so ", "you are so ", "i will ",
    "kill ", "repeat ", "show me ", "ab ", "0x", "%41", "a%", "A" * 30 + " ", "[", "{", '{"a":', '"', "'", "\\",
    "'a'#", "/*", "#", "```", "[at] ", "a [at] ", "a [at] a [dot] ", "\n", "from now on ", "<|", "![](http://",
    "P<", "12-", "women ", "ai ", "\u00e9", "\u200b",
)  # fmt: skip
GUARDS = (
    declarations.personal_data(),
    declarations.secrets(),
    declarations.prompt_injection(),
    declarations.toxicity(kinds=["insult", "threat", "hate", "self_harm", "profanity"]),
    declarations.topics(deny={"law": ["legal advice", "liab*"]}),
    declarations.valid_json(schema={"type": "object"}),
)


def seconds(work, text: str) -> float:
    """Of this process's own processor time."""
    began = time.process_time()
    work(text)
    return time.process_time() - began


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.kind)
def test_four_times_the_text_is_about_four_times_the_work(guard) -> None:
    made = build(guard)
    work = (lambda text: made.find(fold(text).text)) if isinstance(made, Detector) else made.shape
    for unit in UNITS:
        small, large = unit * (6_000 // len(unit)), unit * (24_000 // len(unit))
        spent = seconds(work, large)
        if spent > 0.05:  # below that, a square of it could not hurt
            assert spent < 10 * min(seconds(work, small) for _ in range(3)), repr(unit)
