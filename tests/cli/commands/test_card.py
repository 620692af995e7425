"""`loopwright card`."""

from typing import Any

import pytest

Command = Any


def test_a_card_is_markdown_for_a_person_and_the_record_as_json(cli: Command) -> None:
    shown = cli.text("card", "small")
    assert shown.startswith("# small, version 1\n")
    said = cli.json("card", "small@champion")
    assert said["version"]["digest"] in shown
    assert said["judgement"]["outcome"] == "pass"
    assert cli.json("card", said["version"]["digest"]) == said


@pytest.mark.parametrize("name", ["other", "small@nowhere"])
def test_what_has_no_card_is_a_user_error(cli: Command, name: str) -> None:
    assert name in cli.error("card", name)["what"]


def test_a_project_without_a_home_is_not_given_one(bare: Command) -> None:
    bare.error("card", "small")
    assert not bare.home.exists()


def test_another_home_may_be_named(cli: Command) -> None:
    cli.home.rename(cli.folder / ".elsewhere")
    cli.error("card", "small")
    assert cli.json("card", "small", "--home", ".elsewhere")["version"]["number"] == 1
