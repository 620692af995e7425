"""Where the judge begins and begins again; its days are lived through in `tests/app/test_promised.py`."""

import loopwright as lw
from loopwright.app.monitor.judges.estimated_performance import EstimatedPerformanceJudge
from loopwright.monitoring.rules.rule import DAY

RULE = lw.watch.estimated_performance("accuracy", loss_at_most=0.1)


class Now:
    """A look of which only the time is asked."""

    now = 50 * DAY + 7


def test_the_day_of_the_change_is_partial_and_is_not_read() -> None:
    assert EstimatedPerformanceJudge().begin(RULE, Now())["through"] == 51  # type: ignore[arg-type]


def test_what_was_dealt_with_is_not_held_against_the_model_again() -> None:
    state = {"through": 50, "since": 0, "days": {"49": {"requests": 3, "outside": 0, "estimate": 0.5}}}
    after = EstimatedPerformanceJudge().reset(RULE, state, Now())  # type: ignore[arg-type]
    assert (after["since"], after["through"], list(after["days"])) == (50, 50, ["49"])
