"""Judgements are records about a digest, with their event."""

import pytest

from loopwright.core.verdict import Outcome, Verdict
from loopwright.registry.judgement import Judgement, judgements, record_judgement
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Ledger
from loopwright.testing.clocks import ManualClock

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def ledger() -> Ledger:
    return MemoryLedger(clock=ManualClock())


def judgement(id_: str = "jud_1", **more: object) -> Judgement:
    verdict = Verdict(
        check="at_least(roc_auc, 0.62)", outcome=Outcome.PASS, reason="0.7 >= 0.62", value=0.7, threshold=0.62,
        interval=(0.6, 0.8), n=10,
    )  # fmt: skip
    unknown = Verdict(check="fair(by=origin)", outcome=Outcome.UNKNOWN, reason="too few rows")
    fields: dict[str, object] = {
        "id": id_, "name": "delay", "candidate": ONE, "outcome": Outcome.UNKNOWN, "verdicts": (verdict, unknown),
    }  # fmt: skip
    return Judgement(**fields | more)  # type: ignore[arg-type]


def test_judgements_come_back_newest_first_with_their_event(ledger: Ledger) -> None:
    event = record_judgement(ledger, judgement(run="run_1"), caused_by=())
    assert (event.kind, event.data["outcome"]) == ("gate_judged", "unknown")
    assert event.data["checks"] == {"at_least(roc_auc, 0.62)": "pass", "fair(by=origin)": "unknown"}
    found = judgements(ledger, name="delay", candidate=ONE)
    assert [(j.id, j.run, j.verdicts) for j in found] == [("jud_1", "run_1", judgement().verdicts)]
    assert judgements(ledger, name="delay", candidate=TWO) == ()
