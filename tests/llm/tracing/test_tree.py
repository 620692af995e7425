"""A trace as a tree."""

from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.spans import Span
from loopwright.llm.tracing.tree import tree


def _span(id_: str, parent: str = "", at: int = 0) -> Span:
    return Span(at=at, trace_id="t", span_id=id_, parent_id=parent, name=id_)


def test_spans_stand_below_what_they_are_part_of_in_the_order_of_their_beginnings() -> None:
    spans = [_span("c", "a", 30), _span("a", at=10), _span("b", "a", 20), _span("d", "b", 25)]
    assert [(branch.span.span_id, branch.depth, branch.after_us) for branch in tree(spans)] == [
        ("a", 0, 0), ("b", 1, 10), ("d", 2, 15), ("c", 1, 20),
    ]  # fmt: skip


def test_a_span_whose_parent_is_elsewhere_is_a_root() -> None:
    assert [(branch.span.span_id, branch.depth) for branch in tree([_span("b", "gone", 1)])] == [("b", 0)]


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", *"abcdefg"]), st.integers(0, 9)), max_size=12)
)
def test_every_span_stands_once_whatever_rings_there_are(said: list[tuple[str, str, int]]) -> None:
    spans = [_span(id_, parent, at) for id_, parent, at in said]
    placed = [branch.span.span_id for branch in tree(spans)]
    assert sorted(placed) == sorted({id_ for id_, _, _ in said})
