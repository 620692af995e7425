"""Logged features against history: a log that tells the truth agrees, and a row that was changed is found."""

from typing import Any

import pytest

from loopwright.app.champion import promote
from loopwright.app.online_intake import OnlineIntake
from loopwright.app.parity import check_parity
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any


class Log:
    """Requests about rooms, logged as a server would."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.workspace = project.workspace()
        self.version = str(champion_of(self.workspace, "small"))
        self._number = 0

    def ask(self, *, readings: int | None, warmth: float | None, minutes: int = 0, **other: Any) -> str:
        now = self.workspace.clock.now()
        self._number += 1
        row = RequestRow(
            request_id=f"r{self._number}",
            at=now,
            event_time=now - minutes * 60 * SECOND,
            endpoint="small",
            arm="champion",
            inputs={"x": 1.0, "room": "a"},
            **({"version": self.version, "features": {"readings": readings, "warmth": warmth}} | other),
        )
        RequestLog(self.workspace.stores.tables).append([row])
        return row.request_id


TRUTH = {"readings": 30, "warmth": float(sum(range(0, 60, 2)))}
"""Room a has a reading every two minutes, of 0, 2, 4, …"""


@pytest.fixture
def log(sensed: Project) -> Log:
    return Log(sensed)


def test_without_requests_or_views_there_is_nothing_to_compare(log: Log, project: Project) -> None:
    assert check_parity(log.workspace, "small") is None
    assert check_parity(project.workspace(), "small") is None


def test_a_log_that_tells_the_truth_agrees(log: Log) -> None:
    log.ask(**TRUTH)
    log.ask(readings=30, warmth=TRUTH["warmth"] + 2 * 30, minutes=2)
    report = check_parity(log.workspace, "small")
    assert report is not None
    assert (report.rows, report.mismatches, report.holds) == (2, 0, True)


def test_a_row_that_was_changed_is_found_by_its_request(log: Log) -> None:
    log.ask(**TRUTH)
    changed = log.ask(**(TRUTH | {"readings": 31}))
    empty = log.ask(**(TRUTH | {"warmth": None}))
    report = check_parity(log.workspace, "small")
    assert report is not None
    assert not report.holds
    found = {feature.feature: feature for feature in report.features}
    assert [one.request_id for one in found["readings"].first] == [changed]
    assert [one.request_id for one in found["warmth"].first] == [empty]
    assert (found["readings"].first[0].logged, found["readings"].first[0].recomputed) == (31.0, 30.0)


def test_requests_that_got_no_answer_are_not_compared(log: Log) -> None:
    log.ask(**TRUTH)
    log.ask(readings=None, warmth=None, status=503)
    report = check_parity(log.workspace, "small")
    assert report is not None
    assert (report.rows, report.mismatches) == (1, 0)


def test_rows_that_were_pushed_and_have_not_landed_are_history_too(log: Log) -> None:
    now, loaded = log.workspace.clock.now(), log.project.loaded()
    rows = [{"at": now - SECOND, "room": "a", "heat": 1000}]
    OnlineIntake(log.workspace, loaded.datasets, "small").push("sensors", rows)
    log.ask(readings=31, warmth=TRUTH["warmth"] + 1000)
    report = check_parity(log.workspace, "small")
    assert report is not None
    assert report.holds


def test_what_a_version_with_other_views_answered_is_not_held_against_the_champion(log: Log) -> None:
    log.ask(**TRUTH)
    log.project.change('"1h")}', '"1h"), "peak": lw.maximum("heat", "2h")}')
    after = run_loop(log.workspace, log.project.loaded()).judged
    assert after is not None
    promote(log.workspace, "small", after.version, caused_by=())
    log.ask(**TRUTH, version=after.version, features=TRUTH | {"peak": 118.0})
    report = check_parity(log.workspace, "small")
    assert report is not None
    assert (report.rows, report.mismatches) == (1, 0)


def test_the_newest_requests_are_compared_where_there_are_many(log: Log) -> None:
    log.ask(readings=1, warmth=1.0)
    for _ in range(3):
        log.ask(**TRUTH)
    report = check_parity(log.workspace, "small", most_rows=3)
    assert report is not None
    assert (report.rows, report.mismatches) == (3, 0)
