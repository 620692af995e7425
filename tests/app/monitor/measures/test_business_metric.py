"""What answers were worth."""

import pytest

import loopwright as lw
from loopwright.observations.labels import LabelRow, append_labels


def reward(served, request, value, *, minute=0, metric="revenue"):
    at = served.start + minute * 60_000_000 + 30
    row = LabelRow(
        endpoint="small", value=value, event_time=at, at=at, source="feedback", request_id=request, kind="reward",
        metric=metric,
    )  # fmt: skip
    append_labels(served.workspace.stores.tables, [row])


def test_rewards_are_shared_out_over_rewards_or_over_requests(served):
    served.request(0, 10)
    for number, value in enumerate((2.0, 4.0, 6.0)):
        reward(served, f"r{number}", value)
    reward(served, "r9", 100.0, metric="clicks")
    (mean,) = served.figures(lw.watch.business_metric("revenue"))
    assert (mean.value, mean.n) == (4.0, 3)
    assert mean.low < 4.0 < mean.high
    (shared,) = served.figures(lw.watch.business_metric("revenue", per="request"))
    assert (shared.value, shared.n) == (pytest.approx(1.2), 10)
    assert shared.high - shared.low == pytest.approx(2 * 3.29 * (4.84 / 10**0.5 / 2.2), rel=0.4)


def test_a_reward_belongs_to_the_period_in_which_it_became_known_and_counts_once(served):
    reward(served, "r2", 3.0, minute=1)
    reward(served, "r1", 5.0, minute=2)
    reward(served, "r1", 7.0, minute=2)
    figures = served.figures(lw.watch.business_metric("revenue"), minutes=3)
    assert [(figure.value, figure.n) for figure in figures] == [(None, 0), (3.0, 1), (7.0, 1)]
    assert figures[0].reason == "no 'revenue' was sent"


def test_any_number_of_the_log_may_be_watched(served):
    served.request(0, 3)
    served.request(0, 1, inputs={"x": 5.5, "n": 2})
    served.request(0, 1, inputs={"x": 99.0, "n": 2}, status=500)
    (figure,) = served.figures(lw.watch.business_metric("width", logged="inputs.x"))
    assert (figure.value, figure.n) == (2.5, 4)
    (none,) = served.figures(lw.watch.business_metric("width", logged="inputs.nothing"))
    assert none.value is None
