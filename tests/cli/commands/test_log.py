"""`loopwright log`."""

from typing import Any

import pytest

from loopwright.app.workspace import open_workspace

Command = Any
DAY = 86_400_000_000


@pytest.fixture
def aged(cli: Command) -> Command:
    """A project with a request of today and one of a year ago."""
    workspace = open_workspace(cli.folder)
    for at in (workspace.clock.now() - 365 * DAY, workspace.clock.now()):
        workspace.stores.tables.append("requests", [{"at": at, "request_id": str(at), "endpoint": "small"}])
        workspace.stores.tables.seal("requests")
    workspace.close()
    return cli


def rows(cli: Command) -> int:
    workspace = open_workspace(cli.folder)
    found: int = workspace.stores.tables.scan("requests").height
    workspace.close()
    return found


def test_a_dry_run_says_what_would_go_and_removes_nothing(aged: Command) -> None:
    assert "1 rows of requests" in aged.text("log", "prune", "--older-than", "90d", "--dry-run")
    said = aged.json("log", "prune", "--older-than", "90d", "--dry-run")
    assert (said["plan"]["rows"], said["plan"]["kept_rows"], said["removed_rows"]) == (1, 1, 0)
    assert rows(aged) == 2


def test_old_requests_are_removed(aged: Command) -> None:
    assert aged.json("log", "prune", "--older-than", "90d")["removed_rows"] == 1
    assert aged.json("log", "prune", "--older-than", "90d")["removed_rows"] == 0
    assert rows(aged) == 1


def test_the_setting_says_how_long_where_the_command_does_not(aged: Command) -> None:
    assert "request_log_retention" in str(aged.error("log", "prune"))
    (aged.folder / "loopwright.toml").write_text('request_log_retention = "90d"\n')
    assert aged.json("log", "prune", "--dry-run")["plan"]["rows"] == 1


@pytest.mark.parametrize("words", [("log", "prune", "--older-than", "soon"), ("log",), ("log", "burn")])
def test_what_cannot_be_done_is_a_user_error(cli: Command, words: tuple[str, ...]) -> None:
    cli.error(*words)
