import numpy as np
import pytest
from tests.release.playing import MINUTE, both, evidence, losses, plan, play, totals

from loopwright.core.clock import micros
from loopwright.release.freeze import Freeze
from loopwright.release.policy import decide, start
from loopwright.release.rules import error_guard, latency_guard, quality_guard
from loopwright.release.strategy import BlueGreen, Canary, Shadow


def agreed(share, n=500):
    return np.arange(n) % 100 < share * 100


def test_it_answers_nothing_and_gets_its_share_of_copies():
    champion, copy = play(plan(Shadow(share=20)), [both(1)])[0].arms
    assert (champion.role, champion.share) == ("champion", 1.0)
    assert (copy.role, copy.share, copy.name) == ("shadow", 0.2, "candidate")


def test_once_it_has_passed_what_was_declared_follows():
    found = play(plan(Shadow(min_requests=500, then=Canary(steps=[10, 100]))), [both(1_000)] * 2)
    assert [j.decision for j in found[:1]] == ["advance"]
    assert found[0].reasons == ("the shadow has passed",)
    assert [(arm.role, arm.share) for arm in found[0].arms] == [("champion", 0.9), ("canary", 0.1)]
    state = found[0].state
    assert (state.stage, state.step, state.step_requests, state.requests) == (1, 0, 0, 1_000)
    assert state.arms["candidate"].guards["errors"].over.n == 0, "the canary gathers evidence of its own"


def test_with_nothing_to_follow_the_champion_stays():
    found = play(plan(Shadow(min_requests=500, guards=[error_guard()])), [both(1_000)] * 20)
    assert (found[-1].decision, found[-1].share) == ("inconclusive", 0.0)
    assert "the champion stays" in found[-1].reasons[0]
    assert found[-1].state.requests >= 5_000, "errors had to be ruled out by the whole margin"


@pytest.mark.parametrize(
    ("declared", "part", "decision", "word"),
    [
        ({"min_requests": 5_000}, both(1_000), "hold", "4000 more requests"),
        ({"min_time": "1h"}, both(1_000), "hold", "59 min more"),
        ({}, both(30), "hold", "errors"),
        ({}, evidence(totals(1_000, 300), totals(1_000)), "rollback", "errors"),
        ({}, both(1_000, tripped="crash"), "rollback", "crash"),
        ({"agreement": 0.9}, both(1_000, agreed=agreed(1.0)), "advance", "passed"),
        ({"agreement": 0.9}, both(1_000, agreed=agreed(0.5)), "rollback", "answers that differ"),
        ({"agreement": 0.9}, both(1_000, agreed=agreed(0.9)), "hold", "answers that differ"),
        ({"agreement": 0.9}, both(1_000), "hold", "answers that differ"),
        ({"guards": [quality_guard()]}, both(1_000), "advance", "passed"),
        ({"guards": [quality_guard()]}, both(1_000, paired=losses(np.full(900, 0.2))), "rollback", "loss"),
    ],
)
def test_what_evidence_leads_to(declared, part, decision, word):
    given = plan(Shadow(**{"min_requests": 500, "then": Canary(), **declared}))
    found = decide(given, start(given, 0), part, now=MINUTE)
    assert found.decision == decision, found.reasons
    assert any(word in reason for reason in found.reasons)


def test_a_slow_shadow_is_seen():
    given = plan(Shadow(guards=[latency_guard()], then=Canary()))
    slow = evidence(totals(500, latency_us=90_000), totals(500, latency_us=2_000))
    assert play(given, [slow] * 5)[-1].decision == "rollback"


def test_what_follows_has_its_own_limit_of_time():
    given = plan(Shadow(min_requests=1, guards=[], max_time="1h", then=BlueGreen(max_time="2h")))
    found = play(given, [both(1)] * 500)
    assert (found[0].decision, found[-1].decision) == ("advance", "inconclusive")
    assert len(found) == 121


def test_what_follows_does_not_begin_inside_a_freeze():
    friday = micros(np.datetime64("2026-11-20T18:00").item())
    given = plan(
        Shadow(min_requests=1, guards=[error_guard()], then=Canary(), freeze=[Freeze("Fri 16:00", "Mon 08:00")])
    )
    found = decide(given, start(given, friday), both(2_000), now=friday + MINUTE)
    assert (found.decision, found.state.stage) == ("hold", 0)
