"""Plans and states as earlier versions wrote them, one folder a form. They are never written again; this reads them."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.release.playing import even_labels, evidence, totals

from loopwright.errors import ReleaseError
from loopwright.release.plan import ReleasePlan
from loopwright.release.policy import decide
from loopwright.release.state import ReleaseState
from loopwright.release.stored import current_plan, current_state
from loopwright.release.strategy import Canary, Shadow

GOLDEN = Path(__file__).parent / "golden"


def stored(form, name):
    return msgspec.json.decode((GOLDEN / form / f"{name}.json").read_bytes())


def read(form):
    plan = msgspec.convert(current_plan(stored(form, "plan")), ReleasePlan)
    return plan, msgspec.convert(current_state(stored(form, "state")), ReleaseState)


@pytest.mark.parametrize("form", sorted(path.name for path in GOLDEN.iterdir()))
def test_a_release_of_every_form_goes_on(form):
    plan, state = read(form)
    part = evidence(totals(2_000, 20), totals(2_000, 16), paired=even_labels(2_000))
    for minute in range(4, 30):
        judged = decide(plan, state, part, now=1_000_000 + minute * 60_000_000)
        state = judged.state
        if state.status != "running":
            break
    assert state.status == "promoted", judged.reasons


def test_form_1_is_a_canary_with_its_margins_and_evidence():
    plan, state = read("1")
    assert (plan.endpoint, plan.candidates, plan.task) == ("flight-delay", {"candidate": "b" * 64}, "binary")
    assert isinstance(plan.strategy, Canary)
    assert (plan.strategy.steps, plan.strategy.min_time, plan.strategy.max_time) == ((5, 100), "90000ms", "172800000ms")
    assert [guard.name for guard in plan.guards] == ["errors", "latency", "quality", "outputs"]
    assert (plan.guards[0].margin, plan.guards[0].ratio, plan.guards[0].required) == (0.02, None, "every_step")
    assert (state.requests, state.labels, state.champion.requests) == (300, 120, 5_700)
    errors = state.arms["candidate"].guards["errors"]
    assert (errors.over.n, errors.over.bound, errors.ratio_over) == (300, 0.02, None)


def test_evidence_of_form_1_grows_by_the_rules_it_began_with():
    plan, state = read("1")
    before = stored("1", "state")["guards"]["quality"]["under"]
    after = (
        decide(plan, state, evidence(paired=even_labels(1)), now=10**9).state.arms["candidate"].guards["quality"].under
    )
    stakes = np.geomspace(1 / 500, 0.98, 25) / (1.0 - before["bound"])
    assert after.log_capitals == pytest.approx(before["log_capitals"] + np.log1p(stakes * before["bound"]))


def test_form_2_is_as_it_was_written():
    plan, state = read("2")
    assert isinstance(plan.strategy, Shadow)
    assert msgspec.json.decode(msgspec.json.encode(plan)) == stored("2", "plan")
    assert msgspec.json.decode(msgspec.json.encode(state)) == stored("2", "state")


@pytest.mark.parametrize("read_data", [current_plan, current_state])
def test_a_later_form_is_refused(read_data):
    with pytest.raises(ReleaseError, match="form 3"):
        read_data({"format": 3})
