"""The share of slow answers, and the quantile."""

import pytest

import loopwright as lw


def test_answers_slower_than_the_bound_are_counted_exactly_and_failures_are_no_answers(served):
    served.request(0, 90)
    served.request(0, 10, latency_us=50_001)
    served.request(0, 5, latency_us=50_000)
    served.request(0, 20, latency_us=9_000_000, status=504)
    (figure,) = served.figures(lw.watch.latency(at_most="50ms"))
    assert (figure.total, figure.n) == (10, 105)
    assert figure.parts == {"p99_s": pytest.approx(0.050001)}


def test_the_quantile_is_that_of_the_requests_a_sampled_log_stands_for(served):
    served.request(0, 9, weight=10.0, latency_us=1_000)
    served.request(0, 10, latency_us=80_000)
    (figure,) = served.figures(lw.watch.latency(p=0.8))
    assert figure.value == pytest.approx(0.001)
    (figure,) = served.figures(lw.watch.latency(p=0.95))
    assert figure.value == pytest.approx(0.08)


def test_minutes_without_answers_have_no_figure(served):
    served.request(1, 3, status=500)
    assert [figure.value for figure in served.figures(lw.watch.latency(at_most="50ms"), minutes=2)] == [None, None]
