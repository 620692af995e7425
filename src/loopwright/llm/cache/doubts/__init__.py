"""Doubts: reasons why two requests that are alike may still not ask the same. One is enough to refuse a hit.

Each is a pure function of two texts as read, symmetric, true where it doubts. They know English words above all: they
lower the share of false hits, and `loopwright cache eval` says to what.
"""

from collections.abc import Callable, Mapping

from loopwright.llm.cache.doubts import of_sentences, of_words
from loopwright.llm.cache.doubts.reading import Reading

Doubt = Callable[[Reading, Reading], bool]

DOUBTS: Mapping[str, Doubt] = {
    "numbers": of_words.numbers_differ,
    "units": of_words.units_differ,
    "dates": of_words.dates_differ,
    "names": of_words.names_differ,
    "negation": of_words.negation_differs,
    "quantity": of_words.quantity_differs,
    "opposites": of_words.opposites_differ,
    "owners": of_words.owners_differ,
    "question": of_sentences.kinds_of_question_differ,
    "language": of_sentences.languages_differ,
    "order": of_sentences.order_differs,
    "words": of_sentences.other_words,
    "length": of_sentences.not_read_whole,
}


def doubts_about(one: Reading, other: Reading) -> tuple[str, ...]:
    """The names of all doubts about two texts; empty where there is none."""
    return tuple(name for name, doubts in DOUBTS.items() if doubts(one, other))
