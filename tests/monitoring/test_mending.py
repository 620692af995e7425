"""What a new champion, time, and a changed loop file make of open incidents."""

import itertools

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.incident import LEAST_QUIET, LOOKS_TO_PASS, IncidentBook, Judgement, record, wants_retrain
from loopwright.monitoring.mending import overdue, unconfirmed, under_new_version

NUMBERS = itertools.count(1)
DAY = 86_400_000_000


def ids(prefix):
    return f"{prefix}_{next(NUMBERS)}"


def judged(outcome, check="drift", value=2000.0):
    verdict = Verdict(check=check, outcome=outcome, reason="figures", value=value)
    return Judgement(verdict=verdict, rule=check)


def opened(cause="version:old", *checks):
    said = [judged(Outcome.FAIL, check) for check in checks or ("drift",)]
    return record(IncidentBook(), cause, said, at=0, ids=ids)[0]


def mending(*checks):
    return under_new_version(opened("version:old", *checks), "new", at=DAY, moved=(7,))


def test_what_is_about_the_model_is_mending_and_not_resolved_when_a_new_version_answers():
    book, actions = mending()
    incident = book.open["version:new"]
    assert [action.kind for action in actions] == ["incident_mending"]
    assert (incident.state, incident.cause) == ("mending", "version:new")
    assert incident.mending is not None
    assert (incident.mending.version, incident.mending.moved) == ("new", (7,))
    assert not wants_retrain(incident)


def test_what_is_not_about_the_model_stays_as_it_is():
    before = opened("endpoint:small")
    assert under_new_version(before, "new", at=DAY, moved=()) == (before, ())


def test_it_is_resolved_when_its_checks_have_passed_under_the_new_version():
    book, _ = mending()
    for look in range(LOOKS_TO_PASS):
        assert "version:new" in book.open
        book, actions = record(book, "version:new", [judged(Outcome.PASS, value=2.0)], at=(2 + look) * DAY, ids=ids)
    (resolved,) = actions
    resolution = resolved.incident.resolution
    assert resolution is not None
    assert (resolution.ending, resolution.version) == ("confirmed", "new")
    assert resolution.figures == {"drift": (2000.0, 2.0)}
    assert "version new" in resolved.reason
    assert "2000 → 2" in resolved.reason


def test_passes_under_the_old_version_do_not_count():
    book = opened()
    for look in range(LOOKS_TO_PASS - 1):
        book, _ = record(book, "version:old", [judged(Outcome.PASS)], at=(1 + look) * LEAST_QUIET, ids=ids)
    book, _ = under_new_version(book, "new", at=DAY, moved=())
    book, actions = record(book, "version:new", [judged(Outcome.PASS)], at=2 * DAY, ids=ids)
    assert (actions, "version:new" in book.open) == ((), True)


def test_a_failure_under_the_new_version_reopens_the_same_incident():
    book, _ = mending()
    before = book.open["version:new"]
    book, actions = record(book, "version:new", [judged(Outcome.FAIL, "performance")], at=3 * DAY, ids=ids)
    after = book.open["version:new"]
    assert [action.kind for action in actions] == ["incident_reopened"]
    assert (after.id, after.state, after.mending, after.reopened) == (before.id, "open", None, 1)
    assert "performance failed under version new" in actions[0].reason
    assert wants_retrain(after)


def test_without_a_verdict_in_the_time_allowed_it_is_closed_as_not_confirmed():
    book, _ = mending("drift", "performance")
    book, _ = record(book, "version:new", [judged(Outcome.PASS)], at=2 * DAY, ids=ids)
    rules = {"drift", "performance"}
    kept, actions = overdue(book, at=10 * DAY, rules=rules, allowed=14 * DAY)
    assert (kept, actions) == (book, ())
    ended, actions = overdue(book, at=15 * DAY, rules=rules, allowed=14 * DAY)
    assert ended == IncidentBook()
    resolution = actions[0].incident.resolution
    assert resolution is not None
    assert (resolution.ending, resolution.version) == ("not_confirmed", None)
    assert "performance" in actions[0].reason
    assert "drift" not in actions[0].reason


def test_an_open_incident_waits_for_ever_and_one_without_rules_is_closed():
    book = opened()
    assert overdue(book, at=900 * DAY, rules={"drift"}, allowed=DAY) == (book, ())
    ended, actions = overdue(book, at=1, rules={"other"}, allowed=DAY)
    assert ended == IncidentBook()
    assert actions[0].incident.resolution is not None
    assert actions[0].incident.resolution.ending == "unwatched"


def test_an_incident_waits_for_the_new_champion_from_its_promotion_until_it_is_confirmed():
    book = opened("version:old")
    assert unconfirmed(book, "old") == 0, "its own champion has it"
    assert unconfirmed(book, "new") == 1, "promoted, and not looked at yet"
    book, _ = under_new_version(book, "new", at=DAY, moved=())
    assert unconfirmed(book, "new") == 1
    for look in range(LOOKS_TO_PASS):
        book, _ = record(book, "version:new", [judged(Outcome.PASS)], at=(2 + look) * DAY, ids=ids)
    assert unconfirmed(book, "new") == 0
    assert unconfirmed(opened("endpoint:small"), "new") == 0, "no training mends it"


def test_an_incident_that_came_back_waits_for_nobody():
    book, _ = mending()
    book, _ = record(book, "version:new", [judged(Outcome.FAIL)], at=2 * DAY, ids=ids)
    assert unconfirmed(book, "new") == 0


def test_thin_days_under_the_new_version_that_lie_far_by_chance_do_not_keep_it_open():
    def look(evidence):
        columns = [{"column": "wind", "counts": True, "evidence": evidence}]
        details = {"columns": columns, "named": ["wind"]}
        return Verdict(check="drift", outcome=Outcome.PASS, reason="figures", value=evidence, details=details)

    failed = Verdict(check="drift", outcome=Outcome.FAIL, reason="x", value=2000.0, details={"named": ["wind"]})
    book, _ = record(IncidentBook(), "version:old", [Judgement(verdict=failed, rule="drift")], at=0, ids=ids)
    for at in range(1, 1 + LOOKS_TO_PASS):
        said = [Judgement(verdict=look(2.0), rule="drift")]
        book, _ = record(book, "version:old", said, at=at * DAY, ids=ids)
    assert "version:old" in book.open, "evidence that fades is no repair"
    book, _ = under_new_version(book, "new", at=5 * DAY, moved=())
    for at in range(6, 6 + LOOKS_TO_PASS):
        book, actions = record(book, "version:new", [Judgement(verdict=look(2.0), rule="drift")], at=at * DAY, ids=ids)
    assert [action.kind for action in actions] == ["incident_resolved"]
    assert actions[0].incident.resolution.ending == "confirmed"
