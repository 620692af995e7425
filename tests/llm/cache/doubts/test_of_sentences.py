import pytest

from loopwright.llm.cache.doubts import DOUBTS, doubts_about, of_sentences
from loopwright.llm.cache.doubts.reading import MOST_CHARACTERS, read

DIFFERENT = {
    "kinds_of_question_differ": [
        ("Who invented it?", "When was it invented?"), ("How much is delivery?", "How long is delivery?"),
        ("Can I cancel my order?", "How do I cancel my order?"), ("Why did it stop?", "How do I stop it?"),
        ("Is the server down?", "Why is the server down?"),
    ],
    "languages_differ": [
        ("Where is the station?", "Wo ist der Bahnhof?"), ("What is your name?", "Как вас зовут?"),
        ("Where is the station?", "Où est la gare ?"), ("the price", "価格"),
    ],
    "order_differs": [
        ("from Paris to Rome", "from Rome to Paris"), ("Is Spain larger than Italy?", "Is Italy larger than Spain?"),
        ("Does the buyer pay the seller?", "Does the seller pay the buyer?"),
        ("convert JSON to YAML", "YAML into JSON"),
    ],
    "other_words": [
        ("How do I boil an egg?", "How do I fry an egg?"), ("What is a bond?", "What is a share?"),
        ("reset my password", "reset my password for the old portal"),
        ("the capital of france", "the capital of spain"),
    ],
    "not_read_whole": [("short", "a" * (MOST_CHARACTERS + 1))],
}  # fmt: skip
SAME = {
    "kinds_of_question_differ": [
        ("How do I pay?", "What is the way to pay?"), ("At what time is it?", "When is it?"),
        ("cancel my order", "How do I cancel my order?"), ("How tall is it?", "How high is it?"),
        ("How much does it cost?", "What does it cost?"),
    ],
    "languages_differ": [("Where is it?", "What is it?"), ("git rebase", "Where is it?"), ("Café prices", "prices")],
    "order_differs": [
        ("sort a list in Python", "how to sort a Python list"), ("the date of my flight", "my flight date"),
        ("from Paris to Rome", "travel from Paris to Rome"),
    ],
    "other_words": [
        ("How do I reset my password?", "Please tell me how I can reset my password"),
        ("Please merge the lists", "combine the list"),
        ("Where does the parcel wait", "My order never came although days went by"),
    ],
    "not_read_whole": [("short", "a" * MOST_CHARACTERS)],
}  # fmt: skip


def _cases(table):
    return [(name, one, other) for name, pairs in table.items() for one, other in pairs]


@pytest.mark.parametrize(("name", "one", "other"), _cases(DIFFERENT))
def test_texts_that_ask_something_else_are_doubted(name, one, other):
    doubt = getattr(of_sentences, name)
    assert doubt(read(one), read(other))
    assert doubt(read(other), read(one)), "a doubt is symmetric"


@pytest.mark.parametrize(("name", "one", "other"), _cases(SAME))
def test_texts_that_ask_the_same_are_not(name, one, other):
    doubt = getattr(of_sentences, name)
    assert not doubt(read(one), read(other))
    assert not doubt(read(other), read(one))


def test_all_doubts_are_asked_and_named():
    found = doubts_about(read("Convert 10 miles to km"), read("Wo ist Berlin?"))
    assert {"numbers", "units", "names", "language"} <= set(found)
    assert set(found) <= set(DOUBTS)


@pytest.mark.parametrize("text", ["How do I reset my password?", "", "10 km", "価格はいくらですか"])
def test_nobody_doubts_that_a_text_is_itself(text):
    assert doubts_about(read(text), read(text)) == ()
