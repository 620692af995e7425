"""`loopwright replay`: its arguments. Whole replays are played in tests/end_to_end."""

from typing import Any

import pytest

Command = Any
HOME = ".loopwright-replay"


def test_without_a_scenario_no_home_is_made(cli: Command) -> None:
    assert "no scenario" in cli.error("replay")["what"]
    assert "other.toml" in str(cli.error("replay", "other.toml"))
    assert not (cli.folder / HOME).exists()


@pytest.mark.parametrize("text", ["start = ", "start = 3", "surprise = true"])
def test_a_scenario_that_is_none_is_refused_before_a_home_is_made(cli: Command, text: str) -> None:
    (cli.folder / "replay.toml").write_text(text)
    cli.error("replay")
    assert not (cli.folder / HOME).exists()


SCENARIO = """
start = 2013-01-01T00:00:00Z
end = 2013-01-02T00:00:00Z
requests = []
"""


def test_a_home_that_no_replay_made_is_left_alone(cli: Command) -> None:
    (cli.folder / "replay.toml").write_text(SCENARIO)
    before = sorted(path.name for path in cli.home.iterdir())
    error = cli.error("replay", "--home", ".loopwright")
    assert "not a replay's home" in error["what"]
    assert sorted(path.name for path in cli.home.iterdir()) == before
    (cli.folder / "photos").mkdir()
    cli.error("replay", "--home", "photos")
    assert (cli.folder / "photos").is_dir()
