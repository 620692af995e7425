"""What people say of incidents."""

from loopwright.monitoring.incident import Incident, IncidentBook
from loopwright.monitoring.word import IncidentWord, heeded

BOOK = IncidentBook(open={"c": Incident(id="inc_1", cause="c", opened_at=0, updated_at=0, findings=())})


def word(verb, incident="inc_1", **given):
    return IncidentWord(id="word_1", incident=incident, verb=verb, actor="user:ann", at=5, **given)


def test_it_is_taken_on_by_the_first_who_says_so():
    book, actions = heeded(BOOK, [word("acknowledge", reason="mine")], at=6)
    book, more = heeded(book, [IncidentWord(id="w", incident="inc_1", verb="acknowledge", actor="b", at=7)], at=8)
    incident = book.open["c"]
    assert (actions, more, incident.state) == ((), (), "acknowledged")
    assert incident.acknowledged is not None
    assert (incident.acknowledged.actor, incident.acknowledged.at) == ("user:ann", 5)


def test_one_that_is_mending_goes_on_to_be():
    mending = BOOK.with_incident(BOOK.open["c"].with_(state="mending"))
    book, _ = heeded(mending, [word("acknowledge")], at=6)
    assert book.open["c"].state == "mending"
    assert book.open["c"].acknowledged is not None


def test_it_is_over_when_somebody_says_so():
    book, actions = heeded(BOOK, [word("resolve", reason="sensor replaced")], at=6)
    assert book == IncidentBook()
    assert actions[0].reason == "resolved by user:ann: sensor replaced"
    assert actions[0].incident.resolution is not None
    assert actions[0].incident.resolution.ending == "by_hand"


def test_comments_and_words_about_what_is_over_change_nothing():
    assert heeded(BOOK, [word("comment", reason="hm"), word("resolve", incident="inc_9")], at=6) == (BOOK, ())
