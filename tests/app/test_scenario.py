from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from loopwright.app.scenario import Stream, read_scenario
from loopwright.core.clock import micros
from loopwright.errors import MissingColumnError, SourceError, UsageError

GOOD = """
start = 2024-01-01T00:00:00Z
end = 2024-01-02T00:00:00Z
[[requests]]
endpoint = "e"
source = "s.csv"
at = "at"
columns = ["at", "n"]
"""


def test_a_scenario_is_read_with_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "replay.toml").write_text(GOOD)
    scenario = read_scenario(tmp_path / "replay.toml")
    assert (scenario.stop_after, scenario.requests[0].thin_to_one_in, scenario.acts) == ("end", 1, [])
    assert micros(scenario.start) == micros(datetime(2024, 1, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("endpoint", "endpiont"), "endpiont"),
        (GOOD.replace("start = 2024-01-01T00:00:00Z", 'start = "soon"'), "start"),
        (GOOD.replace("[[requests]]", "[[requests"), "line"),
        (GOOD.replace('at = "at"\n', ""), "at"),
    ],
)
def test_what_is_no_scenario_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "replay.toml").write_text(text)
    with pytest.raises(UsageError, match="is not a scenario") as caught:
        read_scenario(tmp_path / "replay.toml")
    assert said in caught.value.why


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scenario"):
        read_scenario(tmp_path / "replay.toml")


def at(hour: int) -> int:
    return micros(datetime(2024, 1, 1, hour))


@pytest.fixture(params=["s.csv", "s.parquet"])
def source(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Rows of hours 0 to 9, written in disorder."""
    hours = [5, 3, 1, 9, 7, 0, 2, 4, 6, 8]
    frame = pl.DataFrame({"at": [datetime(2024, 1, 1, hour) for hour in hours], "n": hours, "secret": hours})
    frame.write_csv(tmp_path / "s.csv") if request.param == "s.csv" else frame.write_parquet(tmp_path / "s.parquet")
    return str(request.param)


def test_rows_come_once_in_the_order_of_their_time(tmp_path: Path, source: str) -> None:
    stream = Stream(tmp_path, source, "at", columns=["at", "n"])
    stream.skip_to(at(2))
    first, none, second = stream.take(at(5)), stream.take(at(5)), stream.take(at(9))
    assert [[row["n"] for row in rows] for rows in (first, none, second)] == [[2, 3, 4], [], [5, 6, 7, 8]]
    assert first[0] == {"at": "2024-01-01T02:00:00.000000Z", "n": 2}
    assert len(stream) == 10


def test_thinning_keeps_the_same_rows_however_the_time_is_cut(tmp_path: Path, source: str) -> None:
    whole, cut = Stream(tmp_path, source, "at"), Stream(tmp_path, source, "at")
    found = [row["n"] for hour in range(1, 11) for row in cut.take(at(hour), one_in=3)]
    assert found == [row["n"] for row in whole.take(at(10), one_in=3)] == [0, 3, 6, 9]


def test_a_clock_that_stands_still_gives_nothing(tmp_path: Path, source: str) -> None:
    stream = Stream(tmp_path, source, "at")
    stream.take(at(5))
    assert stream.take(at(2)) == []


def test_a_source_that_is_not_as_the_scenario_says(tmp_path: Path, source: str) -> None:
    with pytest.raises(MissingColumnError, match="no column 'when'"):
        Stream(tmp_path, source, "when")
    with pytest.raises(SourceError, match="not there"):
        Stream(tmp_path, "other.csv", "at")
