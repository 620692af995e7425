"""What `lw.watch.business_metric` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import HOUR
from loopwright.monitoring.rules.rule import DAY


def test_a_bound_is_held_by_the_day_and_what_is_usual_by_the_hour():
    bounded = lw.watch.business_metric("revenue", per="request", at_least=0.12)
    assert (bounded.name, bounded.every) == ("business_metric(revenue per request, >= 0.12)", DAY)
    assert lw.watch.business_metric("thumbs").every == HOUR
    assert lw.watch.business_metric("thumbs").watched[0].scale == "plain"


@pytest.mark.parametrize("given", [{"logged": "basket"}, {"per": "day"}, {"per": "request", "logged": "score"}])
def test_what_cannot_hold_is_refused(given):
    with pytest.raises(UsageError):
        lw.watch.business_metric("revenue", **given)
    with pytest.raises(UsageError):
        lw.watch.business_metric("")
