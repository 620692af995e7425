"""Whose fault the end of a worker is."""

import signal

import pytest

from loopwright.web.death_notes import blamed
from loopwright.web.supervisor import Ended

BOTH = ("flights", "trains")


@pytest.mark.parametrize(
    ("code", "fault", "in_hand", "endpoints", "whose"),
    [
        (-signal.SIGSEGV, None, ["trains"], BOTH, ("trains",)),
        (-signal.SIGABRT, None, [], ("flights",), ("flights",)),
        (-signal.SIGSEGV, None, [], BOTH, ()),
        (-signal.SIGKILL, None, ["flights"], BOTH, ()),
        (-signal.SIGKILL, None, [], ("flights",), ()),
        (-signal.SIGTERM, None, ["flights"], BOTH, ()),
        (-signal.SIGKILL, "stuck", ["flights"], BOTH, ("flights",)),
        (-signal.SIGKILL, "stuck", [], ("flights",), ("flights",)),
        (3, None, ["flights"], BOTH, ("flights",)),
        (1, None, [], ("flights",), ()),
        (0, None, [], ("flights",), ()),
        (0, None, ["flights"], ("flights",), ()),
    ],
)
def test_a_crash_is_the_model_s_that_was_being_asked_and_a_kill_is_nobody_s(code, fault, in_hand, endpoints, whose):
    assert blamed(Ended(name="worker-1", code=code, fault=fault), in_hand, endpoints) == whose
