"""How a retrain ended, from what its process said or from the journal."""

from typing import Any

import pytest

from loopwright.app.retraining.effects import decision_of, effects_of
from loopwright.app.retraining.outcome import from_journal, result_of
from loopwright.app.retraining.said import Said
from loopwright.core.events import Event, EventDraft, seal
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.testing.clocks import ManualClock


def event(kind: str, subject: str = "model:a", **data: Any) -> Event:
    draft = EventDraft(kind=kind, subject=subject, data=data, logical_at=1)
    return seal(draft, seq=7, at=1, caused_by=(), previous="0" * 64)


RUN = event("run_started", "run:run_1")
FAILED = event("step_failed", "run:run_1", step="train", cause="ValueError")
PASSED = event("gate_judged", outcome="pass", candidate="abc")
REFUSED = event("gate_judged", outcome="fail", candidate="abc", checks={"at_least(x, 1)": "fail", "other": "pass"})
UNSURE = event("gate_judged", outcome="unknown", candidate="abc", checks={"other": "unknown"})
RELEASE = event("release_started", "release:rel_1")
WAITS = event("release_waiting", "endpoint:a")
MOVED = event("ref_moved", to="abc")


@pytest.mark.parametrize(
    ("effects", "outcome", "why", "settled"),
    [
        ([], "failed", "its process ended before it was done", ""),
        ([RUN], "failed", "its process ended before it was done", ""),
        ([RUN, FAILED], "failed", "the step train failed: ValueError", ""),
        ([RUN, PASSED], "failed", "its process ended before it was done", ""),
        ([RUN, REFUSED], "rejected", "at_least(x, 1) fail", ""),
        ([RUN, UNSURE], "inconclusive", "other unknown", ""),
        ([RUN, PASSED, RELEASE], "released", "", ""),
        ([RUN, PASSED, WAITS], "released", "", ""),
        ([RUN, PASSED, MOVED], "released", "", "promoted"),
        ([RUN, PASSED, RELEASE, MOVED], "released", "", ""),
    ],
)
def test_the_journal_knows_how_far_it_came(effects: list[Event], outcome: str, why: str, settled: str) -> None:
    found = from_journal(effects)
    assert (found.outcome, found.why, found.settled) == (outcome, why, settled)
    assert found.run == ("run_1" if effects else "")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("releasing", "released"), ("promoted", "released"), ("waiting", "released"), ("unchanged", "unchanged"),
     ("refused", "rejected"), ("no_verdict", "inconclusive"), ("finished", "finished"), ("champion", "released")],
)  # fmt: skip
def test_the_process_knows_best(status: str, outcome: str) -> None:
    found = result_of(Said(status=status, run="run_2", version="v", release="rel_2"), [RUN])
    assert (found.outcome, found.run, found.candidate, found.release) == (outcome, "run_2", "v", "rel_2")


def test_words_of_a_process_that_failed_stand_unless_the_journal_knows_more() -> None:
    assert result_of(Said(why="LW106 train failed"), [RUN]).why == "LW106 train failed"
    assert result_of(Said(why="it was stopped"), [RUN, PASSED, RELEASE]).outcome == "released"


def test_effects_are_found_however_many_steps_away_and_nothing_beside_them() -> None:
    ledger = MemoryLedger(clock=ManualClock())
    decided = {"decision": "run", "retrain": "ret_1"}
    for kind, causes, data in (
        ("dataset_landed", (), {}),
        ("retrain_decided", (1,), decided),
        ("run_started", (2,), {}),
        ("dataset_landed", (1,), {}),
        ("gate_judged", (3,), {}),
    ):
        ledger.commit(events=[EventDraft(kind=kind, subject="x:y", caused_by=causes, data=data)])
    decision = decision_of(ledger, "ret_1")
    assert decision is not None
    assert [one.seq for one in effects_of(ledger, decision.seq)] == [3, 5]
    assert decision_of(ledger, "ret_2") is None
