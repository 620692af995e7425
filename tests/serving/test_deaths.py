"""When a champion has taken its worker down too often."""

import pytest

from loopwright.core.clock import SECOND
from loopwright.serving.deaths import Death, DeathRule, note_deaths, read_deaths, too_many

NOW = 1_000 * SECOND
RULE = DeathRule(most=3, within_s=60.0)


def death(seconds_ago: float, *, endpoint: str = "flights", version: str = "v1", how: str = "signal 11") -> Death:
    return Death(at=NOW - int(seconds_ago * SECOND), endpoint=endpoint, version=version, how=how)


@pytest.mark.parametrize(
    ("deaths", "too"),
    [
        ([], False),
        ([death(1), death(2)], False),
        ([death(1), death(2), death(60)], True),
        ([death(1), death(2), death(61)], False),
        ([death(1), death(2), death(3, version="v0")], False),
        ([death(1), death(2), death(3, endpoint="trains")], False),
        ([death(1), death(2), death(-5)], False),
        ([death(3), death(2), death(1), death(1)], True),
    ],
)
def test_three_within_a_minute_of_one_version_of_one_endpoint_are_too_many(deaths: list[Death], too: bool) -> None:
    assert bool(too_many(deaths, "flights", "v1", now=NOW, rule=RULE)) is too


def test_the_reason_names_how_often_and_in_which_ways() -> None:
    deaths = [death(1), death(2, how="exit 3"), death(3)]
    why = too_many(deaths, "flights", "v1", now=NOW, rule=RULE)
    assert why == "it took its worker down 3 times within 60 s (exit 3, signal 11)"


def test_deaths_are_read_back_the_latest_are_kept_and_a_broken_line_is_none(tmp_path) -> None:
    assert read_deaths(tmp_path) == []
    note_deaths(tmp_path, [death(number) for number in range(40)])
    note_deaths(tmp_path, [death(100 + number) for number in range(40)])
    found = read_deaths(tmp_path)
    assert len(found) == 50
    assert found[-1] == death(139)
    (tmp_path / "deaths.jsonl").write_bytes(b"not json\n" + (tmp_path / "deaths.jsonl").read_bytes())
    assert read_deaths(tmp_path) == found
