"""A trace as a page."""

from loopwright.llm.spans import Span
from loopwright.llm.tracing.page import took, trace_page
from loopwright.llm.tracing.tree import tree


def _page(**more: object) -> str:
    root = Span(at=1_000_000, trace_id="t" * 32, span_id="a", name="answer <b>", duration_us=2_000_000, service="shop")
    said = {"gen_ai.operation.name": "chat", "prompt": "one\ntwo <script>alert(1)</script>"}
    call = Span(at=1_500_000, trace_id="t" * 32, span_id="b", parent_id="a", name="chat gpt-5", duration_us=500_000,
                status="error", attributes=said)  # fmt: skip
    return trace_page(tree([root, call]))


def test_every_span_has_its_place_and_its_length() -> None:
    page = _page()
    assert "left:0.000%;width:100.000%" in page
    assert 'class="error" style="left:25.000%;width:25.000%"' in page
    assert "2 spans, 2.00 s, 1970-01-01 00:00:01 UTC, 1 failed" in page


def test_what_programs_send_is_text_and_never_markup() -> None:
    page = _page()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "answer &lt;b&gt;" in page
    assert "default-src 'none'" in page


def test_durations_are_said_as_people_read_them() -> None:
    assert [took(n) for n in (0, 999, 1_000, 1_500, 999_999, 2_500_000)] == [
        "0 µs", "999 µs", "1.0 ms", "1.5 ms", "1000.0 ms", "2.50 s",
    ]  # fmt: skip
