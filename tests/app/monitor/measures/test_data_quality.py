"""Requests that break the contract, and landings that are refused."""

import pytest

import loopwright as lw
from loopwright.core.events import EventDraft


def test_a_request_is_bad_once_and_every_check_is_named(served):
    served.request(0, 6)
    served.request(0, 2, flags=("x:maximum", "n:unknown"))
    served.request(0, 1, flags=("x:maximum",))
    served.request(0, 1, status=422, error="LW206")
    served.request(0, 2, status=500, error="LW508")
    (figure,) = served.figures(lw.watch.data_quality())
    assert (figure.total, figure.n) == (pytest.approx(4), 12)
    assert figure.parts == pytest.approx({"x:maximum": 0.25, "n:unknown": 1 / 6, "refused": 1 / 12})
    assert figure.named == ("x", "n")


def test_a_minute_of_good_requests_is_a_share_of_nothing_and_one_without_is_none(served):
    served.request(0, 5)
    first, second = served.figures(lw.watch.data_quality(), minutes=2)
    assert (first.value, second.value) == (0.0, None)


def test_a_good_landing_counts_until_there_is_another_and_a_refused_one_once(served):
    rule, ledger = lw.watch.data_quality("table"), served.workspace.stores.ledger

    def land(kind, minute, **data):
        at = served.start + minute * 60_000_000
        ledger.commit(events=[EventDraft(kind=kind, subject="dataset:table", data=data, actor="a", logical_at=at)])

    first = served.read(rule)
    failures = [{"column": "x", "rule": "greater_than(0)", "rows": 7}]
    land("dataset_refused", 1, code="LW201", failures=failures)
    second = served.read(rule, minutes=2, memory=first.memory)
    third = served.read(rule, minutes=3, since=2, memory=second.memory)
    land("dataset_landed", 3, rows=5)
    fourth = served.read(rule, minutes=4, memory=third.memory)
    assert [read.figures[""][0].value for read in (second, third, fourth)] == [1.0, None, 0.0]
    assert third.figures[""][0].reason.startswith("nothing has landed since one was refused: x: greater_than(0)")
    fifth = served.read(rule, minutes=5, since=4, memory=fourth.memory)
    assert fifth.figures[""][0].value == 0.0
    refused = second.figures[""][0]
    assert (refused.reason, refused.named) == ("x: greater_than(0) broken by 7 rows", ("x",))
