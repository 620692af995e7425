"""Guards over all texts of a request or of an answer."""

import asyncio

import pytest

from loopwright.errors import GuardBlockedError
from loopwright.llm.guards.declarations import length, personal_data, secrets
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.protocols.texts import Texts
from loopwright.serving.applications.looking_over import looked_over

KEY = "AKIAIOSFODNN7EXAMPLQ"
MAIL = "ann@example.org"
ALL = Texts([f"to {MAIL}"], [f'{{"to":"{MAIL}"}}'], [MAIL])


def passed(texts, way, *guards):
    return asyncio.run(looked_over(GuardRunner(guards), texts, way))


@pytest.mark.parametrize("way", ["in", "out"])
def test_each_kind_of_text_is_masked_and_every_finding_told(way):
    texts, findings = passed(ALL, way, personal_data())
    assert texts == (["to [email]"], ['{"to":"[email]"}'], ["[email]"])
    assert [(one.guard, one.kind) for one in findings] == [("personal_data", "email")] * 3


@pytest.mark.parametrize("way", ["in", "out"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_secret_is_blocked_wherever_it_stands(way, place):
    texts = Texts(*([KEY] if number == place else [] for number in range(3)))
    with pytest.raises(GuardBlockedError):
        passed(texts, way, secrets())


def test_only_what_is_said_has_a_length():
    texts = Texts(["long enough to pass"], ["{}"], ["f"])
    assert passed(texts, "in", length(least=10))[0] == texts
    with pytest.raises(GuardBlockedError):
        passed(Texts(["short"], [], []), "in", length(least=10))


def test_guards_look_their_own_way_alone():
    texts, findings = passed(ALL, "in", personal_data(direction="out"))
    assert (texts, findings) == (ALL, [])
