"""The figures of each day."""

from tests.app.monitor.scripted import HOUR, Scripted

from loopwright.app.monitor.days import MOST_VERDICTS, day_of, reports_of, verdicts_of, with_looks
from loopwright.app.monitor.look import Judged
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.rules.rule import DAY
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock

NOW = 20_000 * DAY + 5 * HOUR


def said(outcome: Outcome, check: str = "a") -> Verdict:
    return Verdict(check=check, outcome=outcome, reason="")


def test_looks_of_a_day_add_up_and_the_last_verdicts_stay() -> None:
    ledger, rule = MemoryLedger(clock=ManualClock()), Scripted()
    for hours, outcome in enumerate((Outcome.FAIL, Outcome.PASS)):
        judged = Judged(verdicts=(said(outcome),), reports=(said(Outcome.WARN),))
        ledger.commit(records=with_looks(ledger, "small", {rule: judged}, now=NOW + hours * HOUR))
    (record,) = ledger.search("watch_day")
    assert record.id == f"small/{day_of(rule, NOW)}"
    assert (record.data["rules"]["scripted"]["looks"], record.data["rules"]["scripted"]["failed"]) == (2, 1)
    assert [verdict["outcome"] for verdict in verdicts_of(record)] == ["pass"]
    assert [verdict["outcome"] for verdict in reports_of(record)] == ["warn"]


def test_a_storm_makes_no_record_without_end_and_failures_stay() -> None:
    ledger = MemoryLedger(clock=ManualClock())
    storm = tuple(said(Outcome.FAIL if n > 9_000 else Outcome.PASS, f"check {n}") for n in range(10_000))
    (record,) = with_looks(ledger, "small", {Scripted(): Judged(verdicts=storm)}, now=NOW)
    kept = verdicts_of(record)
    assert len(kept) == MOST_VERDICTS
    assert {verdict["outcome"] for verdict in kept} == {"fail"}


def test_a_day_of_format_1_is_still_read() -> None:
    old = Record(kind="watch_day", id="small/1", data={"verdicts": [{"check": "a"}], "reports": []})
    assert (verdicts_of(old), reports_of(old)) == ([{"check": "a"}], [])


def test_a_reason_that_quotes_what_came_in_is_cut() -> None:
    ledger = MemoryLedger(clock=ManualClock())
    long = Verdict(check="a", outcome=Outcome.FAIL, reason="x" * 1_000_000)
    (record,) = with_looks(ledger, "small", {Scripted(): Judged(verdicts=(long,), reports=(long,))}, now=NOW)
    assert [len(verdict["reason"]) for verdict in (*verdicts_of(record), *reports_of(record))] == [1_000, 1_000]
