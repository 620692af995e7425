"""Shadows: asked whole, logged as copies, dropped where there are too many, and never in anybody's way."""

import asyncio

from tests.serving.applications.stage import Metered, arms_of, call, loaded, reply

from loopwright.errors import BudgetExceededError, UpstreamError
from loopwright.serving.applications.absent import NoCache, no_groups
from loopwright.serving.applications.responding import Responder, RespondTools
from loopwright.serving.applications.shadows import Shadows
from loopwright.serving.applications.tools import EndpointTools
from loopwright.testing.clocks import ManualClock


class Notes:
    """Stands for everything that is told of what happened."""

    def __init__(self):
        self.rows, self.answered_by, self.failures, self.dropped, self.trips = [], [], [], 0, []

    def note(self, course, ended, *, shadow=False):
        self.rows.append((course.charge_id, ended.status, shadow))

    def answered(self, label, at, latencies):
        self.answered_by.append(label.arm)

    def failed(self, label, at, cause):
        self.failures.append(label.arm)

    def shadow_dropped(self, label, requests):
        self.dropped += requests

    def generated(self, course):
        pass


def play(answer, *, calls=1, most=64, asked=None):
    notes, shadow = Notes(), loaded(answer, version="b" * 64)
    tools = RespondTools(meter=Metered(), cache=NoCache(), clock=ManualClock(), groups_of=no_groups)
    shared = EndpointTools(
        clock=ManualClock(), observer=notes, figures=notes, recorder=notes, responder=Responder(tools),
        on_trip=lambda *said: notes.trips.append(said),
    )  # fmt: skip
    arms = arms_of(loaded(version="a" * 64), ("shadow", 1.0, shadow), release="rel_1")

    async def run():
        shadows = Shadows(shared, most=most)
        for _ in range(calls):
            shadows.copy(arms, asked or call())
        while not shadows.idle:
            await asyncio.sleep(0)

    asyncio.run(run())
    return notes, shadow.callers


def test_a_stream_is_copied_as_a_whole_call():
    notes, callers = play(reply(), asked=call(stream=True, stream_options={"include_usage": True}))
    (asked,) = callers.asked
    assert (asked.stream, "stream" in asked.body, "stream_options" in asked.body) == (False, False, False)
    assert notes.rows == [("req_" + "a1" * 16 + "~shadow", 200, True)]
    assert notes.answered_by == ["shadow"]


def test_more_copies_than_may_be_under_way_are_dropped_and_counted():
    notes, _ = play(reply(), calls=5, most=2)
    assert (len(notes.rows), notes.dropped) == (2, 3)


def test_a_failing_shadow_is_stopped_and_one_without_a_budget_is_not():
    notes, _ = play(UpstreamError("it failed"), calls=3)
    assert (len(notes.trips), notes.failures) == (1, ["shadow"] * 3)
    notes, _ = play(BudgetExceededError("there is no room"), calls=3)
    assert (notes.trips, notes.failures, notes.dropped) == ([], [], 3)
