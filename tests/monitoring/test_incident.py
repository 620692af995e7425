"""One incident a cause, however much is said about it, until each of its checks is seen to pass."""

import itertools
import json
import time
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.incident import (
    LEAST_QUIET,
    LOOKS_TO_PASS,
    MAX_COLUMNS,
    MAX_FINDINGS,
    OTHERS,
    IncidentBook,
    Judgement,
    highest,
    record,
    resolve,
    wants_retrain,
)

CAUSE = "version:aaaa"
GOLDEN = Path(__file__).parent / "golden"


def ids():
    numbers = itertools.count(1)
    return lambda prefix: f"{prefix}_{next(numbers)}"


def drifted(*named, value=2000.0, check="drift", severity="warning", owner=None):
    verdict = Verdict(
        check=check,
        outcome=Outcome.FAIL,
        reason="moved",
        value=value,
        threshold=1000.0,
        details={"named": list(named)},
    )
    return Judgement(verdict=verdict, rule="drift", severity=severity, owner=owner)


def said(outcome, check="performance(roc_auc, 0.03)", severity="warning", value=None):
    verdict = Verdict(check=check, outcome=outcome, reason="figures", value=value)
    return Judgement(verdict=verdict, rule=check, severity=severity)


def passed_looks(book, judgements, *, count, start=LEAST_QUIET, cause=CAUSE):
    """Looks in a row; the actions of the last."""
    actions = ()
    for look in range(count):
        book, actions = record(book, cause, judgements, at=start * (look + 1), ids=ids())
    return book, actions


def test_a_failed_verdict_opens_one_incident_with_its_columns_in_order():
    book, actions = record(IncidentBook(), CAUSE, [drifted("wind", "delay")], at=5, ids=ids())
    assert [action.kind for action in actions] == ["incident_opened"]
    incident = book.open[CAUSE]
    assert (incident.id, incident.columns, incident.opened_at) == ("inc_1", ("wind", "delay"), 5)
    assert (incident.state, incident.severity, incident.owner) == ("open", "warning", None)


def test_the_same_again_is_no_action_and_news_are_one():
    make = ids()
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind")], at=1, ids=make)
    book, again = record(book, CAUSE, [drifted("wind", value=9000.0)], at=2, ids=make)
    assert again == ()
    assert book.open[CAUSE].findings[0].last_at == 2
    assert book.open[CAUSE].findings[0].value == 9000.0
    book, more = record(book, CAUSE, [drifted("delay")], at=3, ids=make)
    assert [(action.kind, action.reason) for action in more] == [("incident_updated", "delay moved too")]
    book, worse = record(book, CAUSE, [said(Outcome.FAIL)], at=4, ids=make)
    assert worse[0].reason == "performance(roc_auc, 0.03) failed too"
    assert book.open[CAUSE].id == "inc_1"
    assert book.open[CAUSE].columns == ("wind", "delay")
    assert book.open[CAUSE].findings[0].first_at == 1


def test_its_severity_is_the_highest_of_its_rules_and_a_rise_is_news_once():
    make = ids()
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind", severity="info")], at=1, ids=make)
    assert book.open[CAUSE].severity == "info"
    book, raised = record(book, CAUSE, [drifted("wind", severity="critical", owner="pricing")], at=2, ids=make)
    assert [action.reason for action in raised] == ["severity raised from info to critical"]
    book, after = record(book, CAUSE, [drifted("wind", severity="warning")], at=3, ids=make)
    assert (book.open[CAUSE].severity, book.open[CAUSE].owner, after) == ("critical", "pricing", ())


def test_verdicts_that_do_not_fail_open_nothing_and_unknown_never_closes():
    quiet = [said(Outcome.PASS), said(Outcome.WARN), said(Outcome.UNKNOWN)]
    assert record(IncidentBook(), CAUSE, quiet, at=1, ids=ids()) == (IncidentBook(), ())
    book, _ = record(IncidentBook(), CAUSE, [said(Outcome.FAIL)], at=0, ids=ids())
    after, actions = passed_looks(book, [said(Outcome.UNKNOWN)], count=50)
    assert (after, actions) == (book, ())


def test_it_resolves_itself_when_each_failed_check_has_passed_looks_in_a_row():
    book, _ = record(IncidentBook(), CAUSE, [said(Outcome.FAIL, value=0.1), drifted("wind")], at=0, ids=ids())
    well = [said(Outcome.PASS, value=0.01)]
    kept, actions = passed_looks(book, well, count=20)
    assert (actions, CAUSE in kept.open) == ((), True)  # the other check has said nothing
    both = [*well, Judgement(verdict=Verdict(check="drift", outcome=Outcome.PASS, reason="", value=3.0), rule="drift")]
    kept, actions = passed_looks(book, both, count=LOOKS_TO_PASS - 1)
    assert actions == ()
    unclear = [said(Outcome.UNKNOWN), both[1]]
    kept, actions = record(kept, CAUSE, unclear, at=10 * LEAST_QUIET, ids=ids())
    assert actions == ()
    ended, actions = record(kept, CAUSE, both, at=11 * LEAST_QUIET, ids=ids())
    assert ended == IncidentBook()
    (resolved,) = actions
    assert (resolved.kind, resolved.incident.state) == ("incident_resolved", "resolved")
    resolution = resolved.incident.resolution
    assert resolution is not None
    assert (resolution.ending, resolution.figures["drift"]) == ("recovered", (2000.0, 3.0))
    assert "0.1 → 0.01" in resolved.reason


def test_a_failure_in_between_starts_the_count_again():
    book, _ = record(IncidentBook(), CAUSE, [said(Outcome.FAIL)], at=0, ids=ids())
    book, _ = passed_looks(book, [said(Outcome.PASS)], count=LOOKS_TO_PASS - 1)
    book, _ = record(book, CAUSE, [said(Outcome.FAIL)], at=5 * LEAST_QUIET, ids=ids())
    book, actions = passed_looks(book, [said(Outcome.PASS)], count=LOOKS_TO_PASS - 1, start=6 * LEAST_QUIET)
    assert (actions, CAUSE in book.open) == ((), True)


def test_looks_in_quick_succession_do_not_resolve_it():
    book, _ = record(IncidentBook(), CAUSE, [said(Outcome.FAIL)], at=0, ids=ids())
    book, actions = passed_looks(book, [said(Outcome.PASS)], count=LOOKS_TO_PASS + 5, start=1_000_000)
    assert (actions, CAUSE in book.open) == ((), True)


def test_causes_have_incidents_of_their_own():
    make = ids()
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind")], at=1, ids=make)
    book, actions = record(book, "endpoint:other", [drifted("wind")], at=2, ids=make)
    assert actions[0].incident.id == "inc_2"
    assert sorted(book.open) == ["endpoint:other", CAUSE]


def test_a_resolved_incident_is_gone_and_the_next_one_is_new():
    make = ids()
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind")], at=1, ids=make)
    book, actions = resolve(book, CAUSE, reason="done", at=4, ending="by_hand")
    assert (actions[0].kind, actions[0].incident.id, actions[0].reason) == ("incident_resolved", "inc_1", "done")
    assert book == IncidentBook()
    assert resolve(book, CAUSE, reason="again", at=5, ending="by_hand") == (book, ())
    _, actions = record(book, CAUSE, [drifted("wind")], at=9, ids=make)
    assert actions[0].incident.id == "inc_2"


@pytest.mark.parametrize(
    ("cause", "state", "wanted"),
    [
        ("version:a", "open", True),
        ("version:a", "acknowledged", True),
        ("version:a", "mending", False),
        ("version:a", "resolved", False),
        ("endpoint:small", "open", False),
        ("dataset:table", "open", False),
    ],
)
def test_training_answers_what_is_about_the_model_and_not_yet_answered(cause, state, wanted):
    book, _ = record(IncidentBook(), cause, [drifted("wind")], at=1, ids=ids())
    assert wants_retrain(book.open[cause].with_(state=state)) is wanted


def test_a_storm_is_one_incident_of_bounded_size():
    storm = [drifted(f"c{n}", check=f"check {n}") for n in range(10_000)]
    tracemalloc.start()
    began = time.process_time()
    book, actions = record(IncidentBook(), CAUSE, storm, at=1, ids=ids())
    for second in range(2, 60):
        book, more = record(book, CAUSE, storm[::7], at=second, ids=ids())
        assert more == ()
    assert time.process_time() - began < 60  # it takes well under one second; not a figure, a guard
    tracemalloc.stop()
    assert [action.kind for action in actions] == ["incident_opened"]
    incident = book.open[CAUSE]
    assert len(incident.findings) == MAX_FINDINGS + 1
    assert incident.findings[-1].check == OTHERS
    assert len(msgspec.json.encode(book)) < 60_000


def test_columns_that_join_by_the_thousand_are_bounded():
    book, _ = record(IncidentBook(), CAUSE, [drifted("c")], at=0, ids=ids())
    updates = 0
    for n in range(1_000):
        book, actions = record(book, CAUSE, [drifted(f"c{n}")], at=n, ids=ids())
        updates += len(actions)
    assert len(book.open[CAUSE].columns) == MAX_COLUMNS
    assert updates == MAX_COLUMNS - 1


def test_what_is_folded_into_others_must_pass_too():
    storm = [drifted(f"c{n}", check=f"check {n}") for n in range(MAX_FINDINGS + 5)]
    book, _ = record(IncidentBook(), CAUSE, storm, at=0, ids=ids())
    well = [
        Judgement(verdict=Verdict(check=f"check {n}", outcome=Outcome.PASS, reason=""), rule="drift")
        for n in range(MAX_FINDINGS)
    ]
    kept, _ = passed_looks(book, [*well, storm[-1]], count=LOOKS_TO_PASS + 2)
    assert CAUSE in kept.open
    ended, _ = passed_looks(book, well, count=LOOKS_TO_PASS)
    assert ended == IncidentBook()


def test_the_highest_severity_of_none_is_the_lowest():
    assert highest([]) == "info"
    assert highest(["warning", "critical", "info"]) == "critical"


def test_a_book_survives_json():
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind"), said(Outcome.FAIL)], at=1, ids=ids())
    assert msgspec.json.decode(msgspec.json.encode(book), type=IncidentBook) == book


def test_a_book_of_format_1_is_still_read():
    book = msgspec.json.decode((GOLDEN / "incident_book-1.json").read_bytes(), type=IncidentBook)
    incident = book.open["version:aaaa"]
    assert (incident.state, incident.severity, incident.findings[0].failures) == ("open", "warning", 1)
    book, actions = record(book, "version:aaaa", [drifted("wind")], at=10, ids=ids())
    assert (actions, book.open["version:aaaa"].findings[0].first_at) == ((), 1)


def test_a_book_is_written_as_format_2():
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind", "delay", owner="pricing")], at=1, ids=ids())
    assert json.loads(msgspec.json.encode(book)) == json.loads((GOLDEN / "incident_book-2.json").read_bytes())
