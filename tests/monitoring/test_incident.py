"""One incident a cause, however much is said about it."""

import itertools

import msgspec

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.incident import IncidentBook, record, resolve

CAUSE = "model:flight-delay"


def ids():
    numbers = itertools.count(1)
    return lambda prefix: f"{prefix}_{next(numbers)}"


def drifted(*named, value=2000.0):
    return Verdict(
        check="drift",
        outcome=Outcome.FAIL,
        reason="moved",
        value=value,
        threshold=1000.0,
        details={"named": list(named)},
    )


def verdict(outcome, check="performance(roc_auc, 0.03)"):
    return Verdict(check=check, outcome=outcome, reason="figures")


def test_a_failed_verdict_opens_one_incident_with_its_columns_in_order():
    book, actions = record(IncidentBook(), CAUSE, [drifted("wind", "delay")], at=5, ids=ids())
    assert [action.kind for action in actions] == ["incident_opened"]
    incident = book.open[CAUSE]
    assert (incident.id, incident.columns, incident.opened_at) == ("inc_1", ("wind", "delay"), 5)


def test_the_same_again_is_no_action_and_news_are_one():
    make = ids()
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind")], at=1, ids=make)
    book, again = record(book, CAUSE, [drifted("wind", value=9000.0)], at=2, ids=make)
    assert again == ()
    assert book.open[CAUSE].findings[0].last_at == 2
    assert book.open[CAUSE].findings[0].value == 9000.0
    book, more = record(book, CAUSE, [drifted("delay")], at=3, ids=make)
    assert [(action.kind, action.reason) for action in more] == [("incident_updated", "delay moved too")]
    book, worse = record(book, CAUSE, [verdict(Outcome.FAIL)], at=4, ids=make)
    assert worse[0].reason == "performance(roc_auc, 0.03) failed too"
    assert book.open[CAUSE].id == "inc_1"
    assert book.open[CAUSE].columns == ("wind", "delay")
    assert book.open[CAUSE].findings[0].first_at == 1


def test_verdicts_that_do_not_fail_neither_open_nor_close():
    quiet = [verdict(Outcome.PASS), verdict(Outcome.WARN), verdict(Outcome.UNKNOWN)]
    assert record(IncidentBook(), CAUSE, quiet, at=1, ids=ids()) == (IncidentBook(), ())
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind")], at=1, ids=ids())
    assert record(book, CAUSE, quiet, at=2, ids=ids()) == (book, ())


def test_causes_have_incidents_of_their_own():
    make = ids()
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind")], at=1, ids=make)
    book, actions = record(book, "model:other", [drifted("wind")], at=2, ids=make)
    assert actions[0].incident.id == "inc_2"
    assert sorted(book.open) == [CAUSE, "model:other"]


def test_a_resolved_incident_is_gone_and_the_next_one_is_new():
    make = ids()
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind")], at=1, ids=make)
    book, actions = resolve(book, CAUSE, reason="champion replaced")
    assert (actions[0].kind, actions[0].incident.id, actions[0].reason) == (
        "incident_resolved",
        "inc_1",
        "champion replaced",
    )
    assert book == IncidentBook()
    assert resolve(book, CAUSE, reason="again") == (book, ())
    _, actions = record(book, CAUSE, [drifted("wind")], at=9, ids=make)
    assert actions[0].incident.id == "inc_2"


def test_a_book_survives_json():
    book, _ = record(IncidentBook(), CAUSE, [drifted("wind"), verdict(Outcome.FAIL)], at=1, ids=ids())
    assert msgspec.json.decode(msgspec.json.encode(book), type=IncidentBook) == book
