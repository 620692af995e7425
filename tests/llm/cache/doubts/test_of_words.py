import pytest

from loopwright.llm.cache.doubts import of_words
from loopwright.llm.cache.doubts.reading import read

DIFFERENT = {
    "numbers_differ": [
        ("10 miles to km", "12 miles to km"), ("in three sentences", "in five sentences"),
        ("upgrade from 4 to 5", "upgrade from 5 to 4"), ("order 58213", "order 58231"), ("a child", "2 children"),
        ("version 2.3.1", "version 2.1.3"), ("the first amendment", "the second amendment"),
    ],
    "units_differ": [
        ("10 miles to km", "10 km to miles"), ("How many grams in an ounce?", "How many ounces in a gram?"),
        ("5 kg", "5 lbs"), ("$20", "20 €"), ("20 minutes", "20 hours"),
    ],
    "dates_differ": [
        ("open on Sundays", "open on Mondays"), ("sales last week", "sales this week"), ("in March", "in May"),
        ("today", "tomorrow"), ("last month", "last year"), ("at noon", "at midnight"), ("sales", "sales in June"),
    ],
    "names_differ": [
        ("Who wrote Hamlet?", "Who wrote Faust?"), ("What does os.path.join do?", "What does os.path.split do?"),
        ('say "good morning"', 'say "good night"'), ("run with --force", "run with --dry-run"),
        ("the capital of Austria", "the capital of Australia"), ("ask support", "ask Ann"),
    ],
    "negation_differs": [
        ("foods that contain nuts", "foods that do not contain nuts"), ("it works", "it doesn't work"),
        ("travel with a passport", "travel without a passport"), ("is it valid", "is it invalid"),
        ("all drafts", "all except drafts"), ("he is insured", "he is never insured"), ("bezahlt", "nicht bezahlt"),
        ("is it legal", "is it illegal"),
    ],
    "quantity_differs": [
        ("delete all messages", "delete some messages"), ("at least two", "at most two"),
        ("only active users", "active users"), ("more than ten", "less than ten"), ("both", "one of them"),
    ],
    "opposites_differ": [
        ("enable it", "disable it"), ("before surgery", "after surgery"), ("log in", "log out"),
        ("turn on the alarm", "turn off the alarm"), ("the highest", "the lowest"),
        ("for the reform", "against the reform"),
    ],
    "owners_differ": [("delete my account", "delete your account"), ("his address", "her address")],
}  # fmt: skip
SAME = {
    "numbers_differ": [("10 miles", "ten miles"), ("1,000 rows", "1000 rows"), ("get a new one", "get it")],
    "units_differ": [("10 miles to km", "How many kilometres are 10 mi?"), ("$20", "20 dollars")],
    "dates_differ": [("on Sunday", "on Sundays"), ("each day", "daily"), ("may I come", "can I come")],
    "names_differ": [
        ("What is Git?", "what is git"), ("Use PayPal", "pay with paypal"), ("Berlin is big", "is berlin big"),
    ],
    "negation_differs": [("it hasn't come", "it has not come"), ("we can't", "we cannot"), ("install it", "run it")],
    "quantity_differs": [("every user", "each user"), ("users", "the users"), ("or more", "at least")],
    "opposites_differ": [("turn on", "enable"), ("open it", "start it"), ("the largest", "the biggest")],
    "owners_differ": [("my account", "our account"), ("my account", "the account")],
}  # fmt: skip


def _cases(table):
    return [(name, one, other) for name, pairs in table.items() for one, other in pairs]


@pytest.mark.parametrize(("name", "one", "other"), _cases(DIFFERENT))
def test_texts_that_ask_something_else_are_doubted(name, one, other):
    doubt = getattr(of_words, name)
    assert doubt(read(one), read(other))
    assert doubt(read(other), read(one)), "a doubt is symmetric"


@pytest.mark.parametrize(("name", "one", "other"), _cases(SAME))
def test_texts_that_ask_the_same_are_not(name, one, other):
    doubt = getattr(of_words, name)
    assert not doubt(read(one), read(other))
    assert not doubt(read(other), read(one))
    assert not doubt(read(one), read(one))
