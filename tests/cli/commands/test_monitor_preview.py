"""`loopwright monitor preview` and what it calls."""

from typing import Any

import pytest

Command = Any
QUICK = ("--windows", "100")


@pytest.mark.slow
def test_a_rule_is_tried_on_what_the_champion_was_made_from(cli: Command) -> None:
    found = cli.json("monitor", "preview", "--window", "200 rows", *QUICK)
    assert (found["endpoint"], found["check"]) == ("small", "drift(window=200 rows)")
    settings = found["preview"]["settings"]
    assert [setting["mean_time"] for setting in settings] == [300, 1_000, 3_000]
    assert all(setting["windows"] == 100 and setting["unknown"] == "" for setting in settings)
    shown = cli.text("monitor", "preview", "--window", "200 rows", *QUICK)
    assert "false alarms in 1,000 windows" in shown
    assert "200 rows" in shown


def test_a_window_that_is_none_is_a_user_error(cli: Command) -> None:
    cli.error("monitor", "preview", "--window", "fortnight")


def test_a_project_without_a_version_has_nothing_to_try_on(bare: Command) -> None:
    bare.error("monitor", "preview")
