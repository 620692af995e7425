from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.clock import SECOND
from loopwright.errors import NoSpaceError
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmCounters, from_requests, read_arm_stats, totals
from loopwright.observations.request_log import RequestLog, read_requests
from loopwright.store.backends.memory_tables import MemoryTables


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    endpoint: str = "flights"
    release: str | None = "rel_1"
    arm: str = "candidate"


@pytest.fixture
def tables():
    return MemoryTables()


def test_counts_come_back_for_each_arm_and_second(tables):
    counters = ArmCounters(tables, worker="w1")
    counters.answered(Label(), 10 * SECOND + 5, [0.002])
    counters.answered(Label(), 10 * SECOND + 6, [0.004])
    counters.answered(Label(), 11 * SECOND, [0.004])
    counters.answered(Label(arm="champion", release=None), 10 * SECOND, [0.001])
    for cause in ("crash", "hang", "timeout", "shape", "error", "LW501"):
        counters.failed(Label(), 10 * SECOND, cause)
    assert counters.flush() == 3
    rows = {(row["arm"], row["at"]): row for row in read_arm_stats(tables, "flights").to_dicts()}
    busy = rows["candidate", 10 * SECOND]
    assert [busy[name] for name in ("requests", "errors", "timeouts", "crashes")] == [8, 3, 2, 1]
    assert sum(busy["latency_us_buckets"]) == 2
    assert rows["candidate", 11 * SECOND]["requests"] == 1
    assert rows["champion", 10 * SECOND]["release"] is None


def test_what_is_flushed_twice_and_by_several_workers_adds_up(tables):
    for worker in ("w1", "w2"):
        counters = ArmCounters(tables, worker=worker)
        for _ in range(2):
            counters.answered(Label(), 5, [0.001])
            counters.flush()
    stats = read_arm_stats(tables, "flights")
    assert stats["requests"].to_list() == [4]
    assert sum(stats["latency_us_buckets"][0].to_list()) == 4


def test_nothing_counted_is_nothing_written(tables):
    assert ArmCounters(tables, worker="w").flush() == 0
    assert tables.names() == ()
    assert totals(read_arm_stats(tables, "flights")) == {}


def test_a_request_that_met_no_arm_is_not_counted(tables):
    counters = ArmCounters(tables, worker="w")
    counters.failed(Label(arm=""), 0, "LW206")
    assert counters.flush() == 0


def test_counts_that_could_not_be_written_are_kept(tables):
    class Full(MemoryTables):
        full = True

        def append(self, table, rows):
            if self.full:
                raise NoSpaceError("full")
            super().append(table, rows)

    full = Full()
    counters = ArmCounters(full, worker="w")
    counters.answered(Label(), 0, [0.001])
    with pytest.raises(NoSpaceError):
        counters.flush()
    counters.answered(Label(), 0, [0.001])
    full.full = False
    counters.flush()
    assert totals(read_arm_stats(full, "flights"))["candidate"].requests == 2


def test_release_endpoint_and_time_choose_the_rows(tables):
    counters = ArmCounters(tables, worker="w")
    counters.answered(Label(), 0, [0.001])
    counters.answered(Label(release="rel_2"), 5 * SECOND, [0.001])
    counters.answered(Label(endpoint="other"), 0, [0.001])
    counters.flush()
    assert read_arm_stats(tables, "flights", release="rel_2")["at"].to_list() == [5 * SECOND]
    assert read_arm_stats(tables, "flights", until=SECOND)["release"].to_list() == ["rel_1"]
    assert read_arm_stats(tables, "nobody").height == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.00005, 20), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_quantile_of_latency_is_at_most_a_fifth_too_high(latencies, quantile):
    tables = MemoryTables()
    counters = ArmCounters(tables, worker="w")
    for latency in latencies:
        counters.answered(Label(), 0, [latency])
    counters.flush()
    found = totals(read_arm_stats(tables, "flights"))["candidate"].latency_us(quantile)
    ordered = sorted(latencies)
    rank = next(n for n in range(1, len(ordered) + 1) if n >= quantile * len(ordered))
    true = ordered[rank - 1] * SECOND
    assert true * 0.999 <= found <= max(true * 1.21, BUCKET_BOUNDS_US[0]) + 1


def test_without_answers_there_is_no_latency(tables):
    counters = ArmCounters(tables, worker="w")
    counters.failed(Label(), 0, "crash")
    counters.answered(Label(arm="slow"), 0, [60.0])
    counters.flush()
    found = totals(read_arm_stats(tables, "flights"))
    assert found["candidate"].latency_us(0.5) is None
    assert found["candidate"].failures == 1
    assert found["slow"].latency_us(0.5) is None


def test_the_request_log_gives_the_same_figures(tables):
    counters, rows = ArmCounters(tables, worker="w"), []
    for number in range(200):
        at, latency_us = number * SECOND // 20, 100 * (number + 1)
        arm = "candidate" if number % 4 == 0 else "champion"
        fell_back = number % 40 == 0
        if fell_back:
            counters.failed(Label(), at, "error")
        answered_by = "champion" if fell_back else arm
        counters.answered(Label(arm=answered_by), at, [latency_us / SECOND])
        rows.append({
            "at": at, "endpoint": "flights", "release": "rel_1", "arm": answered_by, "status": 200,
            "latency_us": latency_us, "fallback_from": "candidate" if fell_back else None,
        })  # fmt: skip
    counters.flush()
    RequestLog(tables).append(rows)
    assert from_requests(read_requests(tables, "flights")).to_dicts() == read_arm_stats(tables, "flights").to_dicts()


def test_a_call_whose_caller_left_is_neither_an_answer_nor_an_error_of_its_arm(tables):
    row = {"at": 0, "endpoint": "support", "release": None, "arm": "champion", "latency_us": 9}
    left = {**row, "status": 499}
    RequestLog(tables).append([
        {**row, "status": 200, "fallback_from": None}, {**left, "fallback_from": None},
        {**left, "fallback_from": "candidate"},
    ])  # fmt: skip
    found = totals(from_requests(read_requests(tables, "support")))
    assert (found["champion"].requests, found["champion"].failures) == (1, 0)
    assert (found["candidate"].requests, found["candidate"].failures) == (1, 1)


def test_a_failed_answer_in_the_log_is_an_error_without_latency(tables):
    row = {"at": 0, "endpoint": "flights", "release": None, "latency_us": 9, "fallback_from": None}
    RequestLog(tables).append([{**row, "arm": "champion", "status": 502}, {**row, "arm": None, "status": 422}])
    found = totals(from_requests(read_requests(tables, "flights")))
    assert list(found) == ["champion"]
    assert (found["champion"].requests, found["champion"].errors, sum(found["champion"].latency_us_buckets)) == (
        1,
        1,
        0,
    )
