"""What each trigger wants, and what it says when it does not."""

from typing import Any

import polars as pl
import pytest
from tests.app.retraining.here import here, once
from tests.app.retraining.test_retrainer import land, more, watched

from loopwright.app.intake import take_feedback
from loopwright.app.retraining.cause import Standing, standing
from loopwright.app.retraining.label_count import LabelCount
from loopwright.observations.feedback import Feedback

Project = Any


def standings(project: Project, workspace: Any, watch: Any = None) -> list[Standing]:
    return list(here(project, workspace).standings(watch))


def test_partitions_are_new_files(project: Project) -> None:
    project.change("rows=100", "partitions=2")
    workspace = project.workspace()
    more(project, 5, name="b.csv", first=6000)
    land(project, workspace)
    (one,) = standings(project, workspace)
    assert (one.words, one.cause) == ("1 of 2 new partitions", None)
    more(project, 5, name="c.csv", first=7000)
    land(project, workspace)
    (one,) = standings(project, workspace)
    assert one.cause is not None
    assert one.cause.reason == "2 new partitions in table"
    assert one.cause.once


def test_newer_by_goes_by_the_newest_event_time(sensed: Project) -> None:
    sensed.change("release=lw.Canary(steps=[50, 100]))",
                  'release=lw.Canary(steps=[50, 100]), retrain=[lw.on_new_data(table, newer_by="2d")])')  # fmt: skip
    workspace = sensed.workspace(replay=True)
    (one,) = standings(sensed, workspace)
    assert one.words == "newest event 0.0 of 2.0 days newer"
    at = pl.Series([1_700_000_000_000_000 + 3 * 86_400_000_000] * 2).cast(pl.Datetime("us"))
    sensed.data(pl.DataFrame({"id": [1, 2], "x": [0.1, 0.2], "n": [1, 2], "y": [True, False], "at": at,
                              "room": ["a", "b"]}))  # fmt: skip
    land(sensed, workspace)
    (one,) = standings(sensed, workspace)
    assert one.cause is not None
    assert one.cause.reason == "events up to 3.0 days newer in table"


def test_a_second_helping_of_rows_is_another_cause_and_one_row_more_is_not(project: Project) -> None:
    workspace = project.workspace()
    names = []
    for index, count in enumerate((120, 10, 80)):
        more(project, count, name=f"{index}.csv", first=10_000 * (index + 1))
        land(project, workspace)
        (one,) = standings(project, workspace)
        assert one.cause is not None
        names.append(one.cause.name)
    assert names[0] == names[1] != names[2]


def label(workspace: Any, first: int, count: int) -> None:
    given = [Feedback(key=str(key), value=True) for key in range(first, first + count)]
    take_feedback(workspace, "small", given)


def test_labels_are_counted_once_a_thing_since_the_champion_was_trained(project: Project) -> None:
    project.change("lw.on_new_data(table, rows=100)", "lw.on_labels(30)")
    workspace = project.workspace()
    retrainer = here(project, workspace)
    assert retrainer.standings(None)[0].words == "0 of 30 new labels"
    label(workspace, 0, 20)
    label(workspace, 0, 20)
    assert retrainer.standings(None)[0].words == "20 of 30 new labels"
    assert once(retrainer) is None
    label(workspace, 20, 15)
    (one,) = retrainer.standings(None)
    assert one.cause is not None
    assert one.cause.reason == "35 new labels"
    assert once(retrainer) in ("released", "unchanged", "rejected")


def test_labels_are_read_again_only_when_the_journal_says_that_some_came(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = project.workspace()
    count = LabelCount(workspace, "small")
    label(workspace, 0, 3)
    assert count.since(0) == 3
    monkeypatch.setattr("loopwright.app.retraining.label_count.latest_labels", None)
    assert count.since(0) == 3


def test_an_alert_says_what_is_open(project: Project) -> None:
    project.change("lw.on_new_data(table, rows=100)", "lw.on_alert()")
    workspace = project.workspace()
    assert standings(project, workspace)[0].words == "nothing is watched"
    assert "no incident" in standings(project, workspace, watched(workspace, 0))[0].words
    (one,) = standings(project, workspace, watched(workspace, 3))
    assert one.cause is not None
    assert not one.cause.once
    assert one.cause.incidents == ("inc_0", "inc_1", "inc_2")
    assert one.cause.reason == "x moved, and 2 more incidents"
    assert callable(standing)
