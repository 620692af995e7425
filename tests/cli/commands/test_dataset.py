"""`loopwright dataset`."""

from typing import Any

Command = Any


def test_a_first_version_is_profiled(cli: Command) -> None:
    said = cli.json("dataset", "table")
    assert (said["profile"]["rows"], said["change"]) == (200, None)
    shown = cli.text("dataset", "table")
    assert "200 rows" in shown
    assert "since" not in shown


def test_what_changed_since_the_version_before_is_counted(cli: Command) -> None:
    cli.data(id=[0, 900], x=[50.0, 50.0], n=[1, 1], y=[True, True])
    cli.text("run")
    change = cli.json("dataset", "table")["change"]
    assert (change["added"], change["changed"], change["removed"]) == (1, 1, 0)
    shown = cli.text("dataset", "table")
    assert "1 rows added, 1 changed, 0 removed" in shown
    assert "x moved by" in shown


def test_a_dataset_that_there_is_not_is_a_user_error(cli: Command) -> None:
    assert "other" in cli.error("dataset", "other")["what"]
