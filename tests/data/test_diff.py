import polars as pl
import pytest

from loopwright.data.dataset import Dataset
from loopwright.data.diff import SchemaChange, diff
from loopwright.data.landing import land_frame
from loopwright.errors import NotFoundError
from loopwright.store.open_stores import Stores
from loopwright.testing.clocks import ManualClock

KEYED, PLAIN = Dataset("d", key="id"), Dataset("d")


def land(stores: Stores, dataset: Dataset, clock: ManualClock, **columns: object) -> str:
    clock.advance(1)
    return str(land_frame(stores, dataset, pl.DataFrame(columns), clock=clock).version)


def test_rows_are_told_apart_by_key(stores: Stores, clock: ManualClock) -> None:
    before = land(stores, KEYED, clock, id=["a", "b", "c"], x=[1, 2, None], y=[1.0, 2.0, 3.0])
    after = land(stores, KEYED, clock, id=["b", "c", "d"], x=[20, None, 4], y=[2.0, 3.5, 4.0])
    found = diff(stores, "d", before=before, after=after)
    assert (found.by, found.added, found.removed, found.changed, found.same) == ("key", 1, 0, 2, 1)
    assert found.changed_columns == {"x": 1, "y": 1}
    back = diff(stores, "d", before=after, after=before)
    assert (back.added, back.removed, back.changed) == (0, 1, 2)


def test_a_version_does_not_differ_from_itself(stores: Stores, clock: ManualClock) -> None:
    version = land(stores, KEYED, clock, id=["a", "b"], x=[1.5, float("nan")], t=["p", None])
    found = diff(stores, "d", before=version, after=version)
    assert (found.added, found.removed, found.changed, found.same) == (0, 0, 0, 2)
    assert found.schema == ()
    assert all(not shift.distance for shift in found.shifts)


def test_without_a_key_whole_rows_are_compared(stores: Stores, clock: ManualClock) -> None:
    before = land(stores, PLAIN, clock, x=[1, 1, 2])
    after = land(stores, PLAIN, clock, x=[2, 3])
    found = diff(stores, "d", before=before, after=after)
    assert (found.by, found.added, found.removed, found.same) == ("content", 2, 0, 3)


def test_columns_that_came_or_changed_are_named(stores: Stores, clock: ManualClock) -> None:
    before = land(stores, KEYED, clock, id=["a"], x=[1])
    after = land(stores, KEYED, clock, id=["b"], x=[1.5], new=["n"])
    found = diff(stores, "d", before=before, after=after)
    assert found.schema == (
        SchemaChange(column="x", before="Int64", after="Float64"),
        SchemaChange(column="new", before=None, after="String"),
    )


def test_the_column_that_moved_most_comes_first(stores: Stores, clock: ManualClock) -> None:
    base = list(range(100))
    before = land(stores, KEYED, clock, id=base, still=base, moved=base, level=["a"] * 100, gap=base)
    after = land(
        stores,
        KEYED,
        clock,
        id=base,
        still=base,
        moved=[v + 89 for v in base],
        level=["a"] * 50 + ["b"] * 50,
        gap=[None] * 50 + base[50:],
    )
    found = diff(stores, "d", before=before, after=after)
    by_name = {shift.column: shift for shift in found.shifts}
    assert found.shifts[0].column == "moved"
    assert by_name["moved"].distance == pytest.approx(1.0)
    assert by_name["level"].distance == pytest.approx(0.5)
    assert by_name["still"].distance == 0
    assert (by_name["gap"].nulls_before, by_name["gap"].nulls_after) == (0.0, 0.5)


def test_a_version_that_is_not_there_is_not_found(stores: Stores, clock: ManualClock) -> None:
    version = land(stores, KEYED, clock, id=["a"])
    with pytest.raises(NotFoundError):
        diff(stores, "d", before=version, after="0" * 64)
