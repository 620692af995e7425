"""Round values on axes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.clock import micros
from loopwright.pictures.scales import Scale, instant_text, round_ticks, time_ticks


def at(*parts: int) -> int:
    return micros(datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]


def test_a_scale_maps_its_ends_and_holds_what_lies_outside() -> None:
    scale = Scale(low=10, high=20, start=100, end=0)
    assert [scale(10), scale(15), scale(20), scale(99), scale(-99)] == [100, 50, 0, 0, 100]


def test_a_scale_without_a_range_is_its_middle() -> None:
    assert Scale(low=3, high=3, start=0, end=10)(3) == 5


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 0.73, (0, 0.2, 0.4, 0.6, 0.8)),
        (0.61, 0.72, (0.6, 0.625, 0.65, 0.675, 0.7, 0.725)),
        (-3, 4, (-4, -2, 0, 2, 4)),
        (1e-9, 3e-9, (1e-9, 1.5e-9, 2e-9, 2.5e-9, 3e-9)),
    ],
)
def test_round_ticks_are_round_and_reach_over_the_range(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert round_ticks(low, high) == pytest.approx(ticks)


@given(st.floats(-1e12, 1e12), st.floats(0, 1e12))
def test_round_ticks_are_few_rise_and_cover_any_range(low: float, span: float) -> None:
    ticks = round_ticks(low, low + span)
    assert 2 <= len(ticks) <= 12
    assert list(ticks) == sorted(ticks)
    slack = 1e-6 * max(abs(low), span)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ((2013, 4, 1), (2013, 9, 20), ["Apr 2013", "May", "Jun", "Jul", "Aug", "Sep"]),
        ((2012, 11, 15), (2013, 2, 2), ["22 Nov 2012", "6 Dec", "20 Dec", "3 Jan 2013", "17 Jan", "31 Jan"]),
        (
            (2013, 4, 1),
            (2013, 4, 2),
            ["1 Apr 00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "2 Apr 00:00"],
        ),
        ((2013, 4, 1, 10, 1), (2013, 4, 1, 10, 8), ["1 Apr 10:01", *(f"10:0{n}" for n in range(2, 9))]),
        ((1990, 4, 1), (2013, 4, 20), ["Jan 1995", "Jan 2000", "Jan 2005", "Jan 2010"]),
    ],
)
def test_time_ticks_say_what_changed(low: tuple[int, ...], high: tuple[int, ...], labels: list[str]) -> None:
    ticks = [label for _, label in time_ticks(at(*low), at(*high))]
    assert ticks == labels


@given(st.integers(at(2, 1, 1), at(9998, 1, 1)), st.integers(0, at(2100, 1, 1)))
def test_time_ticks_lie_inside_and_are_not_too_many(low: int, span: int) -> None:
    high = min(low + span, at(9999, 1, 1))
    ticks = [instant for instant, _ in time_ticks(low, high)]
    assert all(low <= instant <= high for instant in ticks)
    assert len(ticks) <= 12
    assert ticks == sorted(set(ticks))


def test_an_instant_reads_as_a_date_and_a_time() -> None:
    assert instant_text(at(2013, 9, 3, 4, 5, 59)) == "3 Sep 2013 04:05"
