import numpy as np
import pytest
from tests.release.playing import MINUTE, both, evidence, losses, plan, play, totals

from loopwright.release.rules import error_guard, latency_guard, quality_guard
from loopwright.release.strategy import BlueGreen

GUARDS = [error_guard(0.01), latency_guard(), quality_guard(required="never")]
STANDING_BY = both(1_000)
ALL = evidence(totals(1_000), None)


def switched(*parts, **declared):
    """Judgements from the switch on, one look a minute."""
    given = plan(BlueGreen(**{"guards": GUARDS, **declared}))
    found = play(given, [STANDING_BY, *parts])
    assert found[0].decision == "advance"
    return found[1:]


def test_before_the_switch_it_is_warmed_by_copies_and_answers_nothing():
    found = play(plan(BlueGreen(shadow=30)), [both(10)])[0]
    assert [(arm.role, arm.share) for arm in found.arms] == [("champion", 1.0), ("shadow", 0.3)]


def test_the_switch_gives_it_everything_at_once():
    found = play(plan(BlueGreen(guards=GUARDS)), [STANDING_BY])[0]
    assert found.decision == "advance"
    assert [(arm.role, arm.share) for arm in found.arms] == [("champion", 0.0), ("canary", 1.0)]


def test_after_the_watch_it_is_promoted():
    found = switched(*[ALL] * 90, watch="30m")
    assert {j.decision for j in found[:-1]} == {"hold"}
    assert (len(found), found[-1].decision) == (30, "promote")


def test_it_is_not_promoted_before_it_has_answered_enough():
    found = switched(*[evidence(totals(10), None)] * 200, watch="10m", min_requests=1_000)
    assert (len(found), found[-1].decision) == (100, "promote")


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (evidence(totals(200, 60), totals(60)), "errors"),
        (evidence(totals(200, latency_us=90_000), None), "slow answers"),
        (evidence(totals(200), None, paired=losses(np.full(600, 0.1))), "loss"),
        (evidence(totals(2), None, tripped="timeout"), "timeout"),
    ],
)
def test_what_is_proven_worse_during_the_watch_goes_back_at_once(part, word):
    found = switched(part, part)
    assert (found[-1].decision, found[-1].share) == ("rollback", 0.0)
    assert word in found[-1].reasons[0]


def test_harm_among_the_copies_ends_it_before_the_switch():
    found = play(plan(BlueGreen(guards=GUARDS)), [evidence(totals(500, 200), totals(500))] * 3)
    assert [j.decision for j in found] == ["rollback"]


def test_the_switch_waits_for_requests_and_guards():
    found = play(plan(BlueGreen(guards=GUARDS, min_requests=500)), [both(100)] * 9)
    assert [j.decision for j in found[:4]] == ["hold"] * 4
    assert "400 more requests at this step" in found[0].reasons
    assert found[4].decision == "advance"


def test_without_copies_it_waits_for_the_champions_figures_and_compares_with_them():
    found = play(plan(BlueGreen(shadow=0, guards=GUARDS)), [evidence(None, totals(300))] * 2)
    assert [j.decision for j in found] == ["hold", "advance"]
    assert found[0].reasons == ("200 more requests to the champion, to compare with",)
    assert found[0].arms[1].share == 0.0
    bad = play(
        plan(BlueGreen(shadow=0, guards=GUARDS)),
        [evidence(None, totals(600)), *[evidence(totals(300, 60), totals(60))] * 2],
    )
    assert bad[-1].decision == "rollback"


def test_labels_are_not_waited_for_unless_they_are_required():
    assert switched(*[ALL] * 90, watch="30m")[-1].decision == "promote"
    guards = [*GUARDS[:2], quality_guard()]
    found = switched(*[ALL] * 300, watch="30m", max_time="2h", guards=guards)
    assert found[-1].decision == "inconclusive"
    assert any("quality" in reason for reason in found[-1].reasons)


def test_time_is_up_while_it_stands_by():
    found = play(plan(BlueGreen(max_time="2h")), [both(1)] * 300)
    assert (len(found), found[-1].decision) == (120, "inconclusive")


def test_the_watch_counts_from_the_switch():
    given = plan(BlueGreen(guards=GUARDS, watch="30m"))
    found = play(given, [*[both(1)] * 50, STANDING_BY, *[ALL] * 60])
    assert len(found) == 51 + 30
    assert found[50].state.step_since == 51 * MINUTE
