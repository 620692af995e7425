"""`--from` and `--to`."""

import pytest

from loopwright.cli.period import begin_of, end_of, period
from loopwright.errors import UsageError

DAY = 86_400_000_000


def test_a_day_is_in_whole() -> None:
    assert period("1970-01-02", "1970-01-02") == (DAY, 2 * DAY)


def test_an_instant_is_the_end_itself() -> None:
    assert end_of("1970-01-02T06:00") == DAY + DAY // 4
    assert begin_of("1970-01-02T06:00+06:00") == DAY


def test_nothing_said_is_none() -> None:
    assert period(None, None) == (None, None)


@pytest.mark.parametrize(("begin", "end"), [("x", None), (None, "2026-02-30"), ("2026-01-02", "2026-01-01")])
def test_what_is_no_period_is_refused(begin: str | None, end: str | None) -> None:
    with pytest.raises(UsageError):
        period(begin, end)
