from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.clock import micros
from loopwright.llm.budgets.period import EVERY, Every, period_of


def at(*when: int) -> int:
    return micros(datetime(*when, tzinfo=UTC))


@pytest.mark.parametrize(
    ("every", "when", "start", "end", "label"),
    [
        ("day", at(2026, 11, 20, 23, 59, 59), at(2026, 11, 20), at(2026, 11, 21), "2026-11-20"),
        ("week", at(2026, 11, 20, 5), at(2026, 11, 16), at(2026, 11, 23), "2026-W47"),
        ("week", at(2027, 1, 1), at(2026, 12, 28), at(2027, 1, 4), "2026-W53"),
        ("month", at(2026, 12, 31, 12), at(2026, 12, 1), at(2027, 1, 1), "2026-12"),
        ("month", at(2028, 2, 29), at(2028, 2, 1), at(2028, 3, 1), "2028-02"),
    ],
)
def test_periods_are_those_of_the_calendar(every: Every, when: int, start: int, end: int, label: str) -> None:
    found = period_of(every, when)
    assert (found.start, found.end, found.label) == (start, end, label)


@given(st.sampled_from(EVERY), st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)))
def test_every_instant_lies_in_one_period_and_the_next_begins_where_it_ends(every: Every, when: datetime) -> None:
    found = period_of(every, micros(when))
    assert found.start <= micros(when) < found.end
    assert period_of(every, found.start) == found
    if every != "total":
        following = period_of(every, found.end)
        assert following.start == found.end
        assert following.label != found.label
