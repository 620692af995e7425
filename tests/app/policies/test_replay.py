"""Policies beside one another."""

from collections.abc import Callable

import pytest
from tests.app.conftest import Project
from tests.app.policies.conftest import FIRST_DAY

from loopwright.app.policies.course import Span
from loopwright.app.policies.history import History
from loopwright.app.policies.policy import Policy, policy_of
from loopwright.app.policies.replay import replay_policies
from loopwright.errors import UsageError
from loopwright.monitoring.reference import DAY

SPAN = Span(first=FIRST_DAY + 40, end=FIRST_DAY + 120)
Start = Callable[[str, int], Callable[[int], None]]


def test_a_policy_that_retrains_gains_where_the_world_turned(timed: Project, history: History, quiet: Start) -> None:
    loop = timed.loaded().loop
    policies = [policy_of(word, loop) for word in ("never", "drift", "every:20d")]
    found = replay_policies(history, policies, SPAN, price=3.0, clock=timed.workspace().machine, start=quiet)
    never, drift, often = found.results
    assert (found.metric, found.rows) == ("roc_auc", 80 * 40)
    assert (never.gain, never.retrains, never.cost) == (0.0, (), 0.0)
    assert drift.gain_low is not None
    assert drift.gain_low > 0
    assert drift.value == pytest.approx((never.value or 0) + (drift.gain or 0), abs=1e-9)
    assert often.cost == 3.0 * len(often.retrains)
    assert often.released + often.rejected + often.inconclusive + often.failed == len(often.retrains)
    assert found.months == (SPAN.first, SPAN.first + 30, SPAN.first + 60)
    assert never.months[0] is not None
    assert never.months[2] is not None
    assert never.months[0] > 0.6 > 0.45 > never.months[2]


def test_a_smaller_loss_is_a_gain(timed: Project, history: History, quiet: Start) -> None:
    policies = [Policy(name="never"), Policy(name="often", every=20 * DAY)]
    found = replay_policies(
        history,
        policies,
        SPAN,
        metric="log_loss",
        clock=timed.workspace().machine,
        start=quiet,
    )
    assert not found.greater_is_better
    assert (found.results[1].value or 0) < (found.results[0].value or 0)
    assert (found.results[1].gain or 0) > 0


def test_what_cannot_be_compared_is_refused(timed: Project, history: History, quiet: Start) -> None:
    clock = timed.workspace().machine
    with pytest.raises(UsageError, match="no policy"):
        replay_policies(history, [], SPAN, clock=clock, start=quiet)
    with pytest.raises(UsageError, match="mae"):
        replay_policies(history, [Policy(name="never")], SPAN, metric="mae", clock=clock, start=quiet)
    with pytest.raises(UsageError, match="no labelled row"):
        replay_policies(history, [Policy(name="never")], Span(first=30_000, end=30_010), clock=clock, start=quiet)
