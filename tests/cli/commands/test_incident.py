"""`loopwright incident`, on a home with an incident and without a control process."""

import json
from pathlib import Path

import pytest
from tests.app.monitor.incident_home import home_with_incident

from loopwright.cli.commands.incident import app
from loopwright.cli.main import main


@pytest.fixture
def where(tmp_path: Path) -> list[str]:
    home_with_incident(tmp_path / "project").close()
    return ["--project", str(tmp_path / "project")]


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["incident", *arguments]) == code
    return capsys.readouterr().out


def test_an_incident_is_listed_and_shown_with_its_root_cause(
    where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "team-sky" in said(capsys, "list", *where)
    assert "no incident" in said(capsys, "list", "--state", "resolved", *where)
    shown = said(capsys, "show", "inc_1", *where)
    for part in ("changed about 2023-11-13", "wind", "airport = JFK", "900 rows landed", "event:7", "waiting"):
        assert part in shown
    assert json.loads(said(capsys, "show", "inc_1", "--json", *where))["incident"]["id"] == "inc_1"


def test_it_is_acknowledged_commented_and_resolved(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "acknowledge", "inc_1", "--reason", "mine", *where)
    said(capsys, "comment", "inc_1", "the airport was closed", *where)
    shown = said(capsys, "show", "inc_1", *where)
    assert "acknowledged by user:" in shown
    assert "the airport was closed" in shown
    assert "next pass" in said(capsys, "resolve", "inc_1", *where)
    assert "by_hand" in said(capsys, "show", "inc_1", *where)


def test_it_is_silenced_and_unsilenced(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(said(capsys, "silence", "--column", "wind", "--for", "7d", "--reason", "known", "--json", *where))
    assert made["id"][:12] in said(capsys, "list", *where)
    assert "over" in said(capsys, "unsilence", made["id"][:12], *where)
    assert main(["incident", "silence", "inc_1", *where]) == 1
    assert "needs a reason" in capsys.readouterr().err
    assert main(["incident", "silence", "inc_1", "--for", "soon", "--reason", "x", *where]) == 1


def test_messages_are_listed_and_sent_again(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = json.loads(said(capsys, "notifications", "--json", *where))
    assert "waiting" in said(capsys, "notifications", "inc_1", *where)
    assert "no message" in said(capsys, "notifications", "--failing", *where)
    assert "goes out over webhook http://127.0.0.1:9" in said(capsys, "notify", one["id"], *where)
    assert main(["incident", "notify", "msg_none", *where]) == 1


def test_the_verbs() -> None:
    verbs = ["list", "show", "acknowledge", "resolve", "comment", "silence", "unsilence", "notifications", "notify"]
    assert [command.name for command in app.registered_commands] == verbs
