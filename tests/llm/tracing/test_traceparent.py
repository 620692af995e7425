"""W3C's traceparent."""

import pytest

from loopwright.llm.tracing.traceparent import trace_and_parent

T, S = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"00-{T}-{S}-01", (T, S)),
        (f"cc-{T}-{S}-00-more", (T, S)),
        (f"00-{T}-{S}-01-more", ("", "")),
        (f"ff-{T}-{S}-01", ("", "")),
        (f"00-{'0' * 32}-{S}-01", ("", "")),
        (f"00-{T}-{'0' * 16}-01", ("", "")),
        (f"00-{T.upper()}-{S}-01", ("", "")),
        ("", ("", "")),
        ("x" * 5000, ("", "")),
    ],
)
def test_a_header_is_read_or_passed_over(header: str, found: tuple[str, str]) -> None:
    assert trace_and_parent(header) == found
