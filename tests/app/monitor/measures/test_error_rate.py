"""The share of requests that the service failed."""

import pytest

import loopwright as lw
from loopwright.core.codec import to_json
from loopwright.errors import OverloadedError


def turned_away(served, count):
    """What a worker's file says of requests that were turned away."""
    folder = served.workspace.home / "run" / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    labels = ["small", "small", "abc", "", OverloadedError.code]
    other = ["another", "another", "abc", "", OverloadedError.code]
    counts = [{"family": "loopwright_failures", "labels": of, "value": n} for of, n in ((labels, count), (other, 99.0))]
    (folder / "worker-1.json").write_bytes(to_json({"at": 1, "counted": {"counts": counts}, "gauges": []}))


def test_failures_are_those_of_the_service_and_not_those_of_the_caller(served):
    served.request(0, 7)
    served.request(0, 2, status=500, error="LW508")
    served.request(0, 1, status=504, error="LW503")
    served.request(0, 10, status=422, error="LW206")
    (figure,) = served.figures(lw.watch.error_rate(at_most=0.01))
    assert (figure.total, figure.n) == (3, 20)
    assert figure.parts == {"LW508": pytest.approx(0.1), "LW503": pytest.approx(0.05)}


def test_requests_that_were_turned_away_count_once_in_the_newest_period(served):
    served.request(0, 10)
    served.request(1, 10)
    turned_away(served, 4.0)
    memory = {"overloaded": 1.0}
    read = served.read(lw.watch.error_rate(at_most=0.01), minutes=2, memory=memory)
    assert [(figure.total, figure.n) for figure in read.figures[""]] == [(0, 10), (3, 13)]
    again = served.read(lw.watch.error_rate(at_most=0.01), minutes=2, memory=read.memory)
    assert [(figure.total, figure.n) for figure in again.figures[""]] == [(0, 10), (0, 10)]


def test_a_span_that_is_made_up_for_leaves_them_to_the_newest_one(served):
    turned_away(served, 4.0)
    read = served.read(lw.watch.error_rate(at_most=0.01), memory={"overloaded": 1.0}, newest=False)
    assert read.figures[""][0].value is None
    assert read.memory == {"overloaded": 1.0}


def test_a_worker_that_counts_from_nothing_again_takes_nothing_away(served):
    served.request(0, 10)
    turned_away(served, 2.0)
    (figure,) = served.figures(lw.watch.error_rate(at_most=0.01), memory={"overloaded": 50.0})
    assert figure.total == 0
