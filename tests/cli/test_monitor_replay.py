"""What `loopwright monitor replay` asks for."""

import pytest

from loopwright.app.monitor.replay_alarms import Span
from loopwright.cli.monitor_replay import Options
from loopwright.core.clock import SECOND, parse_duration
from loopwright.errors import UsageError

DAY = 86_400 * SECOND


def test_days_and_durations_become_instants() -> None:
    asked = Options(rows=True, real=["1970-01-02..1970-01-03"], resolve_after="14d").asked("1970-01-01", "1970-01-05")
    assert (asked.since, asked.until) == (0, 5 * DAY)
    assert asked.real == (Span(since=DAY, until=3 * DAY),)
    assert (asked.rows, asked.label_delay, asked.resolve_after) == (True, DAY, parse_duration("14d"))


def test_what_is_left_out_is_left_open() -> None:
    asked = Options().asked(None, None)
    assert (asked.since, asked.until, asked.real, asked.resolve_after) == (None, None, (), None)


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01..", "..2026-03-01", "2026-03-02..2026-03-01", "a..b"])
def test_a_span_that_is_none_is_a_user_error(text: str) -> None:
    with pytest.raises(UsageError, match="--real"):
        Options(real=[text]).asked(None, None)


@pytest.mark.parametrize("options", [Options(label_delay="soon"), Options(resolve_after="never")])
def test_a_duration_that_is_none_is_a_user_error_that_names_its_option(options: Options) -> None:
    with pytest.raises(UsageError, match=r"--(label-delay|resolve-after)"):
        options.asked(None, None)
