import polars as pl
import pytest

from loopwright.app.releases.shadow import agreement, beside, copied_totals, copies

ROW = {"at": 1_000_000, "endpoint": "e", "release": "r", "status": 200, "latency_us": 1000, "fallback_from": None}
ROWS = pl.DataFrame(
    [
        {**ROW, "request_id": "a", "arm": "champion", "version": "v1", "shadow_of": None, "score": 0.9,
         "output": {"prediction": "yes"}},
        {**ROW, "request_id": "a~s", "arm": "s", "version": "v2", "shadow_of": "a", "score": 0.905,
         "output": {"prediction": "yes"}},
        {**ROW, "request_id": "b", "arm": "champion", "version": "v1", "shadow_of": None, "score": 0.9,
         "output": {"prediction": "yes"}},
        {**ROW, "request_id": "b~s", "arm": "s", "version": "v2", "shadow_of": "b", "score": 0.1,
         "output": {"prediction": "no"}},
        {**ROW, "request_id": "c~s", "arm": "s", "version": "v2", "shadow_of": "c", "score": None, "status": 500,
         "output": {"prediction": None}},
        {**ROW, "request_id": "d", "arm": "s", "version": "v2", "shadow_of": None, "score": 0.1,
         "output": {"prediction": "no"}},
    ]
)  # fmt: skip


def test_copies_are_told_from_requests_that_the_arm_answered() -> None:
    assert copies(ROWS, "s")["request_id"].to_list() == ["a~s", "b~s", "c~s"]
    assert copies(pl.DataFrame(), "s").height == 0


def test_copies_are_counted_with_their_failures() -> None:
    counts = copied_totals(copies(ROWS, "s"))
    assert (counts.requests, counts.errors, sum(counts.latency_us_buckets)) == (3, 1, 2)


@pytest.mark.parametrize(("task", "same"), [("binary", [True, False]), ("regression", [True, False])])
def test_answers_agree_by_class_or_within_one_percent(task: str, same: list[bool]) -> None:
    pairs = beside(copies(ROWS, "s"), ROWS)
    assert pairs["their_version"].to_list() == ["v1", "v1"]
    assert agreement(task, pairs).tolist() == same  # type: ignore[arg-type]
