"""The table of commands."""

from loopwright.cli.table import COMMANDS, GROUPS, Entry


def test_names_are_unique() -> None:
    assert len(COMMANDS) == sum(len(entries) for _, entries in GROUPS)


def test_every_example_begins_with_its_own_command() -> None:
    for entry in COMMANDS.values():
        assert entry.example.split()[:2] == ["loopwright", entry.name]


def test_a_dash_in_a_name_is_an_underscore_in_its_module() -> None:
    assert Entry("two-words", "", "").module == "loopwright.cli.commands.two_words"
