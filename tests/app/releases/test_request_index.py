import numpy as np
import polars as pl
import pytest

from loopwright.app.releases.request_index import RequestIndex, spans
from loopwright.core.clock import SECOND


def filled(names: list[str | None], *, batch: int) -> RequestIndex:
    index = RequestIndex()
    for start in range(0, len(names), batch):
        part = names[start : start + batch]
        index.add(pl.Series(part, dtype=pl.String), pl.Series(range(start, start + len(part)), dtype=pl.Int64))
    return index


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_every_request_of_a_name_is_found_however_it_came_in(batch: int) -> None:
    names = [None if i % 10 == 9 else f"name {i % 97}" for i in range(1000)]
    index = filled(names, batch=batch)
    assert len(index) == 900
    wanted = pl.Series(["name 5", "name 96", "nobody", None, "name 5"])
    assert index.times(wanted).tolist() == [i for i, name in enumerate(names) if name in ("name 5", "name 96")]


def test_an_index_without_requests_finds_none() -> None:
    assert RequestIndex().times(pl.Series(["a"])).tolist() == []
    assert filled(["a"], batch=1).times(pl.Series([], dtype=pl.String)).tolist() == []


def test_spans_cover_every_time_and_leave_out_the_widest_gaps() -> None:
    times = np.array([0, 5, 100 * SECOND, 100 * SECOND + 1, 10**15])
    assert spans(times) == ((0, 6), (100 * SECOND, 100 * SECOND + 2), (10**15, 10**15 + 1))
    assert spans(np.empty(0, np.int64)) == ()
    many = np.arange(200) * 3600 * SECOND
    found = spans(many)
    assert len(found) == 64
    assert all(any(first <= at < last for first, last in found) for at in many.tolist())
