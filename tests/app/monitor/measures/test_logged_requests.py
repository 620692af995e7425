"""Rows by period, and what they stand for."""

import polars as pl
import pytest

from loopwright.app.monitor.measures.logged_requests import by_period, is_logged, share_of, weight_of
from loopwright.app.monitor.measures.measure import Span

MINUTE = 60_000_000


def test_each_period_has_its_own_rows_and_shadows_and_other_endpoints_have_none(served):
    served.request(0, 3)
    served.request(0, 2, shadow_of="r1")
    served.request(0, 2, endpoint="another")
    served.request(2, 4)
    span = Span(since=served.start, until=served.start + 3 * MINUTE, period=MINUTE, began=0)
    found = dict(by_period(served.look(), span, ("status",)))
    assert [weight_of(rows) for rows in found.values()] == [3, 0, 4]
    assert list(found) == list(span.periods())
    assert is_logged(served.look())


def test_an_empty_log_has_periods_too(served):
    span = Span(since=served.start, until=served.start + 2 * MINUTE, period=MINUTE, began=0)
    assert [weight_of(rows) for _, rows in by_period(served.look(), span, ("status",))] == [0, 0]


def test_rows_that_stand_for_a_hundred_requests_say_no_more_than_rows_do():
    rows = pl.DataFrame({"weight": [100.0] * 10})
    assert share_of(rows, pl.Series([True] * 2 + [False] * 8)) == (pytest.approx(2.0), 10)
    mixed = pl.DataFrame({"weight": [1.0] + [100.0] * 9})
    total, n = share_of(mixed, pl.Series([True] + [False] * 9))
    assert n == 9
    assert total / n == pytest.approx(1 / 901)
