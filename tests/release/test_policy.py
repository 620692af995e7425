import functools

import msgspec
import numpy as np
import pytest
from tests.release.playing import MINUTE, both, even_labels, losses, plan, play

from loopwright.core.clock import micros
from loopwright.errors import ReleaseError
from loopwright.release.evidence import Evidence
from loopwright.release.freeze import Freeze
from loopwright.release.policy import decide, start, wanted
from loopwright.release.rules import error_guard, quality_guard
from loopwright.release.state import ReleaseState, paused, resumed
from loopwright.release.strategy import ABTest, Bandit, BlueGreen, Canary, Shadow

ERRORS_ONLY = [error_guard(0.02)]
STRATEGIES = {
    "canary": Canary(),
    "blue-green": BlueGreen(),
    "shadow": Shadow(then=Canary()),
    "A/B": ABTest(metric="m"),
    "bandit": Bandit(metric="m"),
}


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_no_evidence_holds_and_the_time_ends_it_with_the_champion(strategy):
    given = plan(strategy)
    found = play(given, [Evidence()] * 40, every=1_440 * MINUTE)
    assert {j.decision for j in found[:-1]} == {"hold"}
    assert (found[-1].decision, found[-1].share, found[-1].state.winner) == ("inconclusive", 0.0, None)
    assert [(arm.role, arm.version, arm.share) for arm in found[-1].arms] == [("champion", given.champion, 1.0)]


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_a_breaker_rolls_back_at_once(strategy):
    given = plan(strategy)
    found = play(given, [both(tripped="3 requests failed in a row")])
    assert (found[0].decision, found[0].share, found[0].state.status) == ("rollback", 0.0, "rolled_back")
    assert "3 requests failed in a row" in found[0].reasons[0]


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_the_shares_of_wanted_arms_add_up_to_one_champion_and_candidates(strategy):
    given = plan(strategy)
    arms = wanted(given, start(given, 0))
    assert sum(arm.share for arm in arms if arm.role != "shadow") == pytest.approx(1.0)
    assert [arm.version for arm in arms if arm.role == "champion"] == [given.champion]
    assert [arm.version for arm in arms if arm.role != "champion"] == [given.candidate]


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_a_state_survives_as_json_and_goes_on_the_same(strategy):
    given = plan(strategy)
    evidence = both(300, paired=even_labels(20))
    state = decide(given, start(given, 0), evidence, now=MINUTE).state
    again = msgspec.json.decode(msgspec.json.encode(state), type=ReleaseState)
    assert again == state
    assert decide(given, again, evidence, now=2 * MINUTE) == decide(given, state, evidence, now=2 * MINUTE)


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_deciding_is_pure(strategy):
    given = plan(strategy)
    state = start(given, 0)
    before = msgspec.json.encode(state)
    decide(given, state, both(300, paired=even_labels(20)), now=MINUTE)
    assert msgspec.json.encode(state) == before


def test_a_release_that_has_ended_decides_nothing_more():
    given = plan()
    ended = decide(given, start(given, 0), both(tripped="crash"), now=1).state
    with pytest.raises(ReleaseError, match="has ended"):
        decide(given, ended, Evidence(), now=2)


def test_a_limit_on_the_whole_release_ends_it_before_its_strategy_would():
    given = msgspec.structs.replace(plan(), limit=30 * MINUTE)
    found = play(given, [both(10)] * 60)
    assert (len(found), found[-1].decision) == (30, "inconclusive")


def test_evidence_folds_in_any_portions():
    given = plan(guards=[quality_guard(0.01)])
    values = np.random.default_rng(0).normal(0.0, 0.05, 300)
    at_once = decide(given, start(given, 0), both(paired=losses(values)), now=1).state
    parts = functools.reduce(
        lambda state, part: decide(given, state, both(paired=losses(part)), now=1).state,
        np.split(values, 6),
        start(given, 0),
    )
    one, many = (state.arms["candidate"].guards["quality"].over for state in (at_once, parts))
    assert one.log_e == pytest.approx(many.log_e)


def test_while_it_is_paused_nothing_moves_and_evidence_still_counts():
    given = plan(guards=ERRORS_ONLY, min_requests=1, steps=[50, 100])
    state = paused(start(given, 0), MINUTE)
    found = play(given, [both(2_000)] * 5, state=state)
    assert {j.decision for j in found} == {"paused"}
    assert {j.share for j in found} == {0.5}
    assert found[-1].reasons[0].startswith("paused since 1970-01-01T00:01:00")
    assert decide(given, resumed(found[-1].state, 6 * MINUTE), Evidence(), now=6 * MINUTE).decision == "advance"


def test_harm_rolls_back_although_it_is_paused():
    given = plan()
    found = play(given, [both(200, failures=60)] * 9, state=paused(start(given, 0), 0))
    assert found[-1].decision == "rollback"


def test_a_pause_does_not_use_up_the_time():
    given = plan(guards=ERRORS_ONLY, max_time="1h", min_time="5m")
    state = resumed(paused(start(given, 0), 10 * MINUTE), 200 * MINUTE)
    assert decide(given, state, Evidence(), now=249 * MINUTE).decision == "hold"
    assert decide(given, state, Evidence(), now=250 * MINUTE).decision == "inconclusive"


def test_a_pause_is_no_part_of_a_steps_least_time():
    given = plan(guards=ERRORS_ONLY, min_requests=1, min_time="10m", steps=[50, 100])
    state = decide(given, start(given, 0), both(2_000), now=MINUTE).state
    state = resumed(paused(state, 2 * MINUTE), 100 * MINUTE)
    assert decide(given, state, Evidence(), now=107 * MINUTE).decision == "hold"
    assert decide(given, state, Evidence(), now=108 * MINUTE).decision == "advance"


def test_a_pause_longer_than_the_release_does_not_end_it():
    given = plan(max_time="1h")
    assert decide(given, paused(start(given, 0), 0), Evidence(), now=500 * MINUTE).decision == "paused"


@pytest.mark.parametrize(
    "act",
    [
        lambda state: resumed(state, 1),
        lambda state: paused(paused(state, 1), 2),
        lambda state: paused(msgspec.structs.replace(state, status="promoted"), 1),
        lambda state: resumed(msgspec.structs.replace(state, status="rolled_back", paused_at=1), 2),
    ],
)
def test_only_what_runs_is_paused_and_only_what_is_paused_goes_on(act):
    with pytest.raises(ReleaseError):
        act(start(plan(), 0))


FRIDAY_18 = micros(np.datetime64("2026-11-20T18:00").item())
WEEKEND = Freeze("Fri 16:00", "Mon 08:00")


def test_inside_a_freeze_nothing_advances_and_after_it_the_release_goes_on():
    given = plan(guards=ERRORS_ONLY, min_requests=1, steps=[50, 100], freeze=[WEEKEND])
    state = start(given, FRIDAY_18)
    held = decide(given, state, both(2_000), now=FRIDAY_18 + MINUTE)
    assert (held.decision, held.share) == ("hold", 0.5)
    assert held.reasons[0] == "frozen until 2026-11-23T08:00:00.000000Z"
    later = FRIDAY_18 + 62 * 60 * MINUTE
    assert decide(given, held.state, Evidence(), now=later).decision == "advance"


def test_inside_a_freeze_nothing_is_promoted_and_harm_rolls_back():
    given = plan(guards=ERRORS_ONLY, min_requests=1, steps=[100], freeze=[WEEKEND])
    state = start(given, FRIDAY_18)
    held = decide(given, state, both(2_000), now=FRIDAY_18 + MINUTE)
    assert (held.decision, held.state.winner) == ("hold", None)
    assert decide(given, state, both(500, failures=300), now=FRIDAY_18 + MINUTE).decision == "rollback"
