"""Prompts between files and the registry."""

import threading
from pathlib import Path

import pytest

from loopwright.app.prompts.aliases import move_alias
from loopwright.app.prompts.pushing import export_prompts, pull_prompt, push_prompt, write_pins
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.prompts.file import prompt_of_text
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.prompts.reading import prompt, read_pins
from loopwright.llm.prompts.registry import find_version, versions_of

SOURCE = "+++\ndescription = 'x'   # a comment\n+++\n\n\nSay {{ question }}  \n"


def made(text: str, name: str = "say") -> Prompt:
    return Prompt(name=name, user=text)


def test_the_same_content_is_the_same_version(workspace: Workspace) -> None:
    first = push_prompt(workspace, made("a"))
    again = push_prompt(workspace, Prompt(name="say", user="a", description="said otherwise"))
    other = push_prompt(workspace, made("b"))
    assert (first.version.number, first.new) == (1, True)
    assert (again.version.number, again.new, again.event) == (1, False, None)
    assert (other.version.number, other.new) == (2, True)
    assert [version.number for version in versions_of(workspace.stores.ledger, "say")] == [2, 1]


def test_an_older_version_that_is_pushed_again_is_the_latest_again(workspace: Workspace) -> None:
    push_prompt(workspace, made("a"))
    push_prompt(workspace, made("b"))
    back = push_prompt(workspace, made("a"))
    assert (back.version.number, back.new) == (1, False)
    assert back.event is not None
    assert find_version(workspace.stores.ledger, "say").number == 1


def test_a_file_comes_back_byte_for_byte(workspace: Workspace, tmp_path: Path) -> None:
    push_prompt(workspace, prompt_of_text(SOURCE, name="say"), source=SOURCE)
    to = tmp_path / "deep" / "say.md"
    assert pull_prompt(workspace, "say", to)[1] == SOURCE
    assert to.read_bytes() == SOURCE.encode()
    assert [path.name for path in to.parent.iterdir()] == ["say.md"]


def test_a_prompt_without_a_file_comes_back_as_one(workspace: Workspace) -> None:
    push_prompt(workspace, made("a"))
    assert prompt_of_text(pull_prompt(workspace, "say")[1], name="other") == made("a")


def test_a_file_that_was_changed_and_never_pushed_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    for text in ("a", "b"):
        push_prompt(workspace, made(text), source=text)
    to = tmp_path / "say.md"
    pull_prompt(workspace, "say:1", to)
    pull_prompt(workspace, "say:2", to)
    to.write_text("my own words")
    with pytest.raises(UsageError, match="never pushed"):
        pull_prompt(workspace, "say:1", to)
    assert to.read_text() == "my own words"


def test_pushes_at_the_same_time_get_numbers_of_their_own(tmp_path: Path) -> None:
    open_workspace(tmp_path, create=True).close()
    numbers: list[int] = []

    def push(text: str) -> None:
        workspace = open_workspace(tmp_path)
        numbers.append(push_prompt(workspace, made(text)).version.number)
        workspace.close()

    threads = [threading.Thread(target=push, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def test_exported_prompts_need_no_home(workspace: Workspace, tmp_path: Path) -> None:
    push_prompt(workspace, made("a"))
    move_alias(workspace, "say:1", "production", reason="")
    push_prompt(workspace, made("b"))
    to = tmp_path / "pins.json"
    write_pins(export_prompts(workspace), to)
    assert set(read_pins(to).prompts) == {"say@latest", "say@production"}
    assert prompt("say@production", pins=to).user == "a"
    assert prompt("say", pins=to).user == "b"
    write_pins(export_prompts(workspace, ("say:1",)), to)
    assert prompt("say:1", pins=to).user == "a"


def test_what_is_not_there_is_not_exported(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError):
        export_prompts(workspace)
    with pytest.raises(NotFoundError):
        export_prompts(workspace, ("say",))
