import pytest

from loopwright.app.releases.operations import Done
from loopwright.cli.show_release import show_done, show_releases


@pytest.mark.parametrize("action", ["paused", "resumed", "aborted", "promoted", "rolled_back", "killed", "allowed"])
def test_every_action_has_words(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_done(Done(endpoint="churn", action=action, champion="ab" * 32, release="rel_1", events=(1,)))
    said = capsys.readouterr().out
    assert said.startswith("release rel_1: ")
    assert "churn" in said


def test_no_releases_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    show_releases(())
    assert "no release yet" in capsys.readouterr().out
