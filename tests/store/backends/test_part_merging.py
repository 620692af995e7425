"""Which parts are merged."""

from loopwright.store.backends.part_merging import LEFT_ALONE, MERGED_AT_ONCE, mergeable
from loopwright.store.ledger import Record

DAY = 86_400_000_000


def part(number: int, *, rows: int = 10, at: int | None = None, merged: bool = False) -> Record:
    first = number * 1_000_000 if at is None else at
    data = {"rows": rows, "first_at": first, "last_at": first + 10, "digest": str(number)}
    return Record(kind="k", id=f"p{number:05}", data={**data, "sources": [] if merged else [f"s{number}"]})


def test_nothing_is_merged_until_there_are_enough_settled_parts():
    count = MERGED_AT_ONCE + LEFT_ALONE
    assert mergeable([part(i) for i in range(count - 1)]) == []
    (group,) = mergeable([part(i) for i in range(count)])
    assert [one.id for one in group] == [f"p{i:05}" for i in range(MERGED_AT_ONCE)]


def test_a_merged_part_takes_no_place_of_one_that_is_fresh():
    parts = [part(i) for i in range(MERGED_AT_ONCE + LEFT_ALONE - 1)] + [part(9_000 + i, merged=True) for i in range(5)]
    groups = mergeable(parts)
    fresh = {f"p{i:05}" for i in range(MERGED_AT_ONCE - 1, MERGED_AT_ONCE + LEFT_ALONE - 1)}
    assert not fresh & {one.id for group in groups for one in group}


def test_parts_of_one_size_are_merged_and_great_ones_never():
    small = [part(i, rows=20) for i in range(MERGED_AT_ONCE)]
    middle = [part(100 + i, rows=5_000) for i in range(MERGED_AT_ONCE)]
    great = [part(200 + i, rows=2_000_000) for i in range(MERGED_AT_ONCE)]
    groups = mergeable([*small, *middle, *great, *(part(900 + i) for i in range(LEFT_ALONE))])
    assert sorted(group[0].data["rows"] for group in groups) == [20, 5_000]


def test_no_part_spans_more_than_about_a_day():
    apart = [part(i, at=i * DAY // 4) for i in range(200)]
    assert mergeable(apart) == []
    close = [part(i, at=i * DAY // 40) for i in range(200)]
    for group in mergeable(close):
        assert group[-1].data["last_at"] - group[0].data["first_at"] <= DAY
    assert mergeable(close)
