"""A failing arm is counted, and told of once when the breaker stops it."""

from tests.serving.applications.stage import arms_of, loaded

from loopwright.errors import UpstreamError
from loopwright.serving.applications.tools import count_failure


def test_the_breaker_tells_of_an_arm_once():
    arms = arms_of(loaded(version="a" * 64), ("canary", 0.5, loaded(version="b" * 64)), release="rel_1")
    (arm,), told = arms.canaries, []
    for _ in range(5):
        count_failure(arms, arm, UpstreamError("it failed"), on_trip=lambda *said: told.append(said))
    ((told_arms, told_arm, trip),) = told
    assert (told_arms, told_arm) == (arms, arm)
    assert (trip.cause, arm.state) == ("failures_in_a_row", "tripped")
