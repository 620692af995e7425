"""`loopwright retrain`: by hand, suggested, and what is shown of it."""

from pathlib import Path
from typing import Any

import pytest

Command = Any


def declare(cli: Command, retrain: str) -> None:
    """Change the loop's retraining."""
    path = Path(cli.folder) / "loop.py"
    text = path.read_text(encoding="utf-8")
    assert "release=lw.Canary())" in text
    path.write_text(text.replace("release=lw.Canary())", f"release=lw.Canary(), retrain={retrain})"), encoding="utf-8")


def more(cli: Command) -> None:
    """Fifty more rows, landed by a look at nothing else."""
    lines = (Path(cli.folder) / "data/first.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{1000 + i},{line.partition(',')[2]}" for i, line in enumerate(lines[1:51])]
    (Path(cli.folder) / "data/more.csv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")


@pytest.mark.slow
def test_by_hand_it_runs_here_where_no_controller_leads(cli: Command) -> None:
    more(cli)
    found = cli.json("retrain", "--reason", "a new contract")
    assert found["retrain"]["outcome"] in ("released", "unchanged")
    assert found["retrain"]["trigger"] == "manual"
    shown = cli.text("retrain", "status")
    assert "manual" in shown
    assert found["retrain"]["outcome"] in shown
    assert cli.json("status")["retrains"][0]["id"] == found["retrain"]["id"]


def test_a_frozen_loop_keeps_the_wish_and_says_why(cli: Command) -> None:
    declare(cli, 'lw.Retraining(freeze=[lw.Freeze("2000-01-01 00:00", "2100-01-01 00:00")])')
    found = cli.json("retrain")
    assert found["retrain"] is None
    assert "frozen until 2100-01-01" in found["waits"]
    assert "waits since" in cli.text("retrain", "status")


def test_status_shows_where_triggers_stand(cli: Command) -> None:
    declare(cli, 'lw.Retraining(on=[lw.on_new_data(table, rows=100), lw.on_alert()], mode="suggest", budget="1h/day")')
    found = cli.json("retrain", "status")
    assert [one["trigger"] for one in found["triggers"]] == ["on_new_data(table)", "on_alert()"]
    assert found["triggers"][0]["words"] == "0 of 100 new rows"
    assert found["seconds_left"] == 3600
    assert "mode suggest" in cli.text("retrain", "status")


def test_what_is_not_suggested_cannot_be_answered(cli: Command) -> None:
    for verb in ("accept", "dismiss"):
        assert cli.error("retrain", verb, "sug_none")["code"] == "LW104"
