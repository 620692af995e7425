from collections.abc import Sequence

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from loopwright.data.upsert import every_row, latest_rows


def part(rows: Sequence[tuple[int, int, int]], read: list[Sequence[str] | None] | None = None):  # type: ignore[no-untyped-def]
    frame = pl.DataFrame(rows, schema={"k": pl.Int64, "v": pl.Int64, "_known_at": pl.Int64}, orient="row")

    def load(wanted: Sequence[str] | None) -> pl.DataFrame:
        if read is not None:
            read.append(wanted)
        return frame if wanted is None else frame.select([*wanted, "_known_at"])

    return load


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(-99, 99), st.integers(0, 5)), max_size=8)


@given(st.lists(ROWS, min_size=1, max_size=4), st.integers(0, 6))
def test_the_latest_row_is_what_a_dictionary_would_keep(parts: list[list[tuple[int, int, int]]], known_at: int) -> None:
    rows = sorted(((k, v, at) for rows in parts for k, v, at in rows if at <= known_at), key=lambda row: row[2])
    kept = {k: (v, at) for k, v, at in rows}
    found = latest_rows([part(rows) for rows in parts], None, known_at, key="k")
    assert {k: (v, at) for k, v, at in found.rows()} == kept
    assert found.height == len(kept)
    assert found["_known_at"].is_sorted()


def test_a_part_that_nothing_is_left_of_is_never_read_whole() -> None:
    old: list[Sequence[str] | None] = []
    latest_rows([part([(1, 1, 0)], old), part([(1, 2, 1)])], None, None, key="k")
    assert old == [["k"]]


def test_every_row_keeps_the_order_of_the_parts() -> None:
    frame = every_row([part([(1, 1, 5)]), part([(1, 2, 1), (2, 3, 9)])], ["v"], 5)
    assert frame.rows() == [(1, 5), (2, 1)]


def test_no_parts_are_no_rows() -> None:
    assert every_row([], None, None).height == 0
    assert latest_rows([], None, None, key="k").height == 0
