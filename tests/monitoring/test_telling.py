"""Once when it opens, once when it rises or comes back, once when it is over."""

import itertools

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.incident import IncidentBook, Judgement, record, resolve
from loopwright.monitoring.mending import under_new_version
from loopwright.monitoring.silence import Silence
from loopwright.monitoring.telling import Listening, messages

NUMBERS = itertools.count(1)
CAUSE = "version:a"
ALL = Listening(endpoint="small")


def ids(prefix):
    return f"{prefix}_{next(NUMBERS)}"


def failed(check="drift", severity="warning", columns=("wind",)):
    verdict = Verdict(check=check, outcome=Outcome.FAIL, reason="moved", details={"named": list(columns)})
    return Judgement(verdict=verdict, rule=check, severity=severity)


def silenced(until=100, **pattern):
    return Listening(endpoint="small", silences=(Silence(id="s", until=until, actor="a", reason="r", at=0, **pattern),))


def turn(book, said, *, at, listening=ALL, cause=CAUSE):
    book, actions = record(book, cause, said, at=at, ids=ids)
    return messages(book, actions, listening, at=at)


def test_a_storm_of_looks_gives_one_message():
    book, told = turn(IncidentBook(), [failed()], at=1)
    assert [message.news for message in told] == ["opened"]
    for at in range(2, 1_000):
        book, told = turn(book, [failed(f"check {at}", columns=(f"c{at}",))], at=at)
        assert told == ()


def test_a_rise_of_severity_is_told_once():
    book, _ = turn(IncidentBook(), [failed()], at=1)
    book, told = turn(book, [failed(severity="critical")], at=2)
    assert [(message.news, message.incident.severity) for message in told] == [("raised", "critical")]
    _, told = turn(book, [failed(severity="critical")], at=3)
    assert told == ()


def test_what_is_below_the_least_severity_is_not_told_until_it_rises():
    least = Listening(endpoint="small", least="critical")
    book, told = turn(IncidentBook(), [failed()], at=1, listening=least)
    assert told == ()
    _, told = turn(book, [failed(severity="critical")], at=2, listening=least)
    assert [message.news for message in told] == ["opened"]


def test_a_silence_keeps_a_message_back_and_its_end_lets_it_go():
    quiet = silenced(check="drift")
    book, told = turn(IncidentBook(), [failed()], at=1, listening=quiet)
    assert [(message.news, message.silence is not None) for message in told] == [("opened", True)]
    book, told = turn(book, [failed()], at=2, listening=quiet)
    assert told == ()
    book, told = messages(book, (), quiet, at=100)
    assert [(message.news, message.silence) for message in told] == [("opened", None)]
    _, told = messages(book, (), quiet, at=101)
    assert told == ()


def test_what_joins_and_is_not_covered_breaks_the_silence():
    quiet = silenced(check="drift")
    book, _ = turn(IncidentBook(), [failed()], at=1, listening=quiet)
    _, told = turn(book, [failed("performance")], at=2, listening=quiet)
    assert [(message.news, message.silence) for message in told] == [("opened", None)]


def test_the_end_is_told_to_whom_the_beginning_was():
    book, _ = turn(IncidentBook(), [failed()], at=1)
    after, actions = resolve(book, CAUSE, reason="fixed", at=2, ending="recovered")
    assert [message.news for message in messages(after, actions, ALL, at=2)[1]] == ["resolved"]
    untold, _ = turn(IncidentBook(), [failed()], at=1, listening=silenced(check="drift"))
    after, actions = resolve(untold, CAUSE, reason="fixed", at=2, ending="recovered")
    assert messages(after, actions, ALL, at=2)[1] == ()


def test_mending_says_nothing_and_coming_back_is_told():
    book, _ = turn(IncidentBook(), [failed()], at=1)
    book, actions = under_new_version(book, "b", at=2, moved=())
    book, told = messages(book, actions, ALL, at=2)
    assert told == ()
    _, told = turn(book, [failed()], at=3, cause="version:b")
    assert [message.news for message in told] == ["reopened"]


def test_an_incident_that_comes_back_in_a_silence_is_told_after_it():
    book, _ = turn(IncidentBook(), [failed()], at=1)
    book, _ = under_new_version(book, "b", at=2, moved=())
    book, told = turn(book, [failed()], at=3, cause="version:b", listening=silenced(column="wind"))
    assert [message.silence is not None for message in told] == [True]
    _, told = messages(book, (), silenced(column="wind"), at=200)
    assert [(message.news, message.silence) for message in told] == [("reopened", None)]
