"""Prompts as the command line prints them."""

import pytest

from loopwright.app.prompts.aliases import AliasMoved
from loopwright.app.prompts.overview import PromptDifference
from loopwright.cli.show_prompt import show_difference, show_messages, show_moved, show_prompts
from loopwright.llm.prompts.registry import PromptVersion

VERSION = PromptVersion(name="say", number=2, digest="a" * 64, blob="b" * 64)


def test_no_prompts_are_said_with_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    show_prompts([])
    assert "loopwright prompt push" in capsys.readouterr().out


def test_versions_that_say_the_same_are_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_difference(PromptDifference(before=VERSION, after=VERSION, lines=()))
    assert "say:2 and say:2 say the same" in capsys.readouterr().out


def test_signs_of_a_terminal_in_a_message_are_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    show_messages([{"role": "user", "content": "a\x1b[31mred"}])
    assert "\x1b" not in capsys.readouterr().out


def test_an_override_is_said_with_the_move(capsys: pytest.CaptureFixture[str]) -> None:
    moved = AliasMoved(name="say", alias="production", before=None, now="a" * 64, number=2, override="urgent", event=1)
    show_moved(moved)
    assert "urgent" in capsys.readouterr().out
