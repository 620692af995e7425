"""What prompts there are, and how versions differ."""

import pytest

from loopwright.app.prompts.aliases import move_alias, protect_alias
from loopwright.app.prompts.overview import difference, prompt_at, prompt_shown, prompts_of
from loopwright.app.prompts.pushing import push_prompt
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError
from loopwright.llm.prompts.prompt import Prompt


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    for text in ("one\ntwo", "one\nthree"):
        push_prompt(workspace, Prompt(name="say", user=text, description="Says."))
    push_prompt(workspace, Prompt(name="ask", user="?"))
    move_alias(workspace, "say:1", "production", reason="")
    protect_alias(workspace, "say", "production", by="questions")
    return workspace


def test_every_prompt_is_listed_with_its_aliases(filled: Workspace) -> None:
    ask, say = prompts_of(filled)
    assert (ask.name, say.name, len(say.versions), say.description) == ("ask", "say", 2, "Says.")
    assert {one.alias: (one.number, one.protected_by) for one in say.aliases} == {
        "latest": (2, ""), "production": (1, "questions"),
    }  # fmt: skip
    assert prompt_shown(filled, "say") == say


def test_versions_differ_by_lines(filled: Workspace) -> None:
    found = difference(filled, "say:1", "say:2")
    assert [row for row in found.lines if row[:1] in "+-"] == ["--- say:1", "+++ say:2", "-two", "+three"]
    assert difference(filled, "say") == found
    assert difference(filled, "say:1", "say@production").lines == ()


def test_what_is_not_there_cannot_be_compared(filled: Workspace) -> None:
    with pytest.raises(NotFoundError):
        difference(filled, "say:1")
    with pytest.raises(NotFoundError):
        prompt_at(filled, "say:3")
    with pytest.raises(NotFoundError):
        prompt_shown(filled, "nothing")
