"""The page about a replay."""

import pytest

from loopwright.app.monitor.replay import Replayed
from loopwright.app.monitor.replay_alarms import Alarm, Span, Spoken
from loopwright.app.monitor.report import MonitorReport
from loopwright.export.monitor_replay import lasted, replay_page
from loopwright.export.report import render
from loopwright.pictures.sections import AreaChart, Figures, Grid

DAY = 86_400_000_000


@pytest.fixture
def replayed() -> Replayed:
    alarm = Alarm(
        check="drift", since=10 * DAY, until=12 * DAY, periods=3, severity="warning", false=False, delay_us=2 * DAY
    )
    quiet = Spoken(check="latency", alarms=(), failed=0, unknown=4, periods=30, false=0, missed=1)
    return Replayed(
        endpoint="e", since=0, until=30 * DAY, every_us=DAY, looks=30, rows=1_000, source="requests",
        rules=(Spoken(check="drift", alarms=(alarm,), failed=3, unknown=0, periods=30, false=0, missed=0), quiet),
        incidents=1, real=(Span(since=8 * DAY, until=20 * DAY),), seconds=1.0,
        report=MonitorReport(endpoint="e", since=0, until=30 * DAY, made_at=0, champion=None),
    )  # fmt: skip


def test_it_says_which_rule_spoke_when(replayed: Replayed) -> None:
    figures, rules, picture = replay_page(replayed).sections[:3]
    assert isinstance(figures, Figures)
    assert [item.value for item in figures.items] == ["1", "1", "0"]
    assert isinstance(rules, Grid)
    assert rules.rows[0][:4] == ("drift", 1, "11 Jan 1970 (3)", "3 of 30")
    assert rules.rows[0][-1] == "2.0 d"
    assert rules.rows[1][1:3] == (0, "")
    assert isinstance(picture, AreaChart)
    drift = dict(zip(picture.at, picture.parts[0].share, strict=True))
    assert drift[10 * DAY] == 0.5
    assert drift[0] == drift[12 * DAY + 1] == 0.0
    assert set(picture.parts[1].share) == {0.0}


def test_it_is_a_page(replayed: Replayed) -> None:
    assert "watched again" in render(replay_page(replayed))


def test_spans_are_read_in_days_or_hours() -> None:
    assert (lasted(36 * 3_600_000_000), lasted(1_800_000_000)) == ("1.5 d", "0.5 h")
