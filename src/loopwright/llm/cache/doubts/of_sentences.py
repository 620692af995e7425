"""Doubts about whole sentences: the kind of question, the language, the order of words, words that one has alone."""

import unicodedata
from collections import Counter

from loopwright.llm.cache.doubts.reading import Reading
from loopwright.llm.cache.doubts.words import AUXILIARIES, DIRECTIONS, FUNCTION_SETS, NOT_DIRECTIONS_AFTER

_FEW_OTHER_WORDS = 2
_ASKED = ("who", "whom", "whose", "when", "where", "why", "wer", "wann", "wo", "warum", "qui", "quand", "où")
_ASKED_HOW = ("many", "much", "long", "often", "far", "old", "big", "deep", "high", "tall", "fast", "soon")
_MEASURES = {"high": "tall", "soon": "long"}


def kinds_of_question_differ(one: Reading, other: Reading) -> bool:
    """`who` and `when`, `how much` and `how long`, a question of yes or no and any other."""
    mine, others = _asked(one), _asked(other)
    return mine != others and not {mine, others} <= {"", "said"}


def languages_differ(one: Reading, other: Reading) -> bool:
    """Other scripts, or function words of another language."""
    if _scripts(one) != _scripts(other):
        return True
    mine, others = _language(one), _language(other)
    return bool(mine) and bool(others) and mine != others


def order_differs(one: Reading, other: Reading) -> bool:
    """The same words the other way round, where the order counts: `from Paris to Rome` and `from Rome to Paris`."""
    shared = set(one.content) & set(other.content)
    mine = [word for word in one.content if word in shared]
    others = [word for word in other.content if word in shared]
    if mine == others or Counter(mine) != Counter(others):
        return False
    if _directed(one) or _directed(other):
        return True
    changed = [place for place, pair in enumerate(zip(mine, others, strict=True)) if pair[0] != pair[1]]
    return len(changed) == 2 and changed[1] - changed[0] > 1


def other_words(one: Reading, other: Reading) -> bool:
    """A word or two of meaning that one text has alone: in its place the other has another word, or none.

    Two texts that share hardly a word are not doubted here: how alike they are decides.
    """
    mine, others = set(one.content) - set(other.content), set(other.content) - set(one.content)
    if not mine and not others:
        return False
    return len(mine) <= _FEW_OTHER_WORDS and len(others) <= _FEW_OTHER_WORDS


def not_read_whole(one: Reading, other: Reading) -> bool:
    """Too long to be read to the end."""
    return not (one.whole and other.whole)


def _asked(reading: Reading) -> str:
    words = reading.words
    for place, word in enumerate(words):
        if word == "how" and place + 1 < len(words) and words[place + 1] in _ASKED_HOW:
            # What it costs is asked for by `what` as well.
            said = _MEASURES.get(words[place + 1], words[place + 1])
            return "" if said == "much" and "cost" in reading.content else f"how {said}"
        if word in _ASKED:
            return "who" if word == "whom" else word
        if word in ("how", "what", "which"):
            return ""
    return "whether" if words and words[0] in AUXILIARIES else "said"


def _directed(reading: Reading) -> bool:
    before = ("", *reading.words)
    return any(
        word in DIRECTIONS and not (word == "to" and last in NOT_DIRECTIONS_AFTER)
        for last, word in zip(before, reading.words, strict=False)
    )


def _scripts(reading: Reading) -> set[str]:
    letters = {letter for word in reading.words for letter in word[:2] if letter.isalpha()}
    return {unicodedata.name(letter, "?").split()[0] for letter in letters}


def _language(reading: Reading) -> str:
    """The language whose function words are most of all; empty where two are as many."""
    words = set(reading.words)
    counts = sorted(((len(words & known), name) for name, known in FUNCTION_SETS.items()), reverse=True)
    return counts[0][1] if counts[0][0] > counts[1][0] else ""
