from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.budgets.slices import slice_of


@given(
    st.integers(1, 10**6), st.integers(1, 10**6), st.integers(-(10**6), 10**9), st.integers(1, 10**9),
    st.integers(1, 64),
)  # fmt: skip
def test_a_slice_is_never_more_than_is_left_and_never_less_than_is_of_use(
    least: int, more: int, left: int, limit: int, holders: int
) -> None:
    took = slice_of(wanted=least + more, least=least, left=left, limit=limit, holders=holders)
    assert took == 0 if left < least else least <= took <= left


@given(st.integers(1, 1000), st.integers(1, 64))
def test_everything_that_is_left_can_be_used_call_by_call(limit: int, holders: int) -> None:
    left = limit
    while left:
        left -= slice_of(wanted=1, least=1, left=left, limit=limit, holders=holders)
    assert left == 0


def test_slices_shrink_as_the_limit_comes_near() -> None:
    took = [slice_of(wanted=1, least=1, left=left, limit=10_000, holders=4) for left in (10_000, 1_000, 100, 10)]
    assert took == [500, 62, 6, 1]
