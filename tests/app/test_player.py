"""When a replay ends: with its recorded time, or once its story is told."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loopwright.app.player import Play, Player, Stage
from loopwright.app.scenario import Act, Scenario
from loopwright.core.clock import parse_duration

DAY = parse_duration("1d")
START = datetime(2013, 4, 1, tzinfo=UTC)
ACT = Act(when="after_release", run="replay/shuffled.py")


class Control:
    """A control process that says these things of its passes, the last one ever after."""

    def __init__(self, *said: dict[str, Any]) -> None:
        self._said = list(said)
        self.passes = 0

    def expect(self, path: str, body: Any) -> Any:
        assert (path, body) == ("/api/settle", {})
        self.passes += 1
        return self._said.pop(0) if len(self._said) > 1 else self._said[0]


class Inference:
    host, port = "127.0.0.1", 1


class Still:
    def monotonic(self) -> float:
        return 0.0


def played(
    tmp_path: Path, *said: dict[str, Any], acts: int = 0, stop_after: str = "story", perform: Callable[[Act], None] = id
) -> tuple[Play, int]:
    """How a replay of twenty days went, and how many of its days were played."""
    days: list[int] = []
    stage: Any = Stage(
        inference=Inference(),  # type: ignore[arg-type]
        control=Control(*said),  # type: ignore[arg-type]
        perform=perform,
        set_clock=days.append,
        on_tick=lambda _now, _asked: None,
        clock=Still(),  # type: ignore[arg-type]
    )
    scenario = Scenario(start=START, end=START.replace(day=21), stop_after=stop_after, requests=[], acts=[ACT] * acts)
    return Player(tmp_path, scenario, stage).play(), len({day // DAY for day in days})


QUIET: dict[str, Any] = {}
RELEASED = {"promoted": 1, "finished": 1}
WATCHED = RELEASED | {"unconfirmed": 1}


def test_a_story_ends_when_the_incident_is_seen_to_be_fixed_and_not_before(tmp_path: Path) -> None:
    play, days = played(tmp_path, QUIET, WATCHED, WATCHED, WATCHED, RELEASED)
    assert play.story_told
    assert days == 5


def test_a_story_without_an_incident_ends_with_its_release(tmp_path: Path) -> None:
    play, days = played(tmp_path, QUIET, RELEASED)
    assert play.story_told
    assert days == 2


def test_an_incident_that_is_never_confirmed_keeps_the_replay_going_to_its_end_and_the_story_is_not_told(
    tmp_path: Path,
) -> None:
    play, days = played(tmp_path, WATCHED)
    assert not play.story_told
    assert days == 20


def test_acts_are_played_one_a_day_while_the_incident_is_watched(tmp_path: Path) -> None:
    performed: list[Act] = []
    play, days = played(tmp_path, WATCHED, WATCHED, WATCHED, RELEASED, acts=2, perform=performed.append)
    assert performed == [ACT, ACT]
    assert (play.acts, play.story_told) == (2, True)
    assert days == 3


def test_nothing_ends_while_a_release_is_under_way(tmp_path: Path) -> None:
    play, _ = played(tmp_path, RELEASED | {"releasing": True}, RELEASED | {"releasing": True}, RELEASED)
    assert play.story_told


def test_a_replay_that_is_to_reach_its_end_does(tmp_path: Path) -> None:
    play, days = played(tmp_path, RELEASED, stop_after="end")
    assert (play.story_told, days) == (True, 20)
