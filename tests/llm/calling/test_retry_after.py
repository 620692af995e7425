"""`Retry-After` in both its forms."""

import pytest

from loopwright.llm.calling.retry_after import asked_wait_s, retry_after_s
from loopwright.testing.clocks import START


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 01:00:30 +0100", 30.0),
        (None, None),
        ("", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Thu, 99 Foo 2026", None),
    ],
)
def test_seconds_and_dates_are_read_and_nonsense_is_not(value, seconds):
    assert retry_after_s(value, START) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "2", "retry-after-ms": "soon"}, 2.0),
        ({}, None),
    ],
)
def test_milliseconds_are_believed_before_seconds(headers, seconds):
    assert asked_wait_s(headers.get, START) == seconds
