"""Doubts about single kinds of words: numbers, units, dates, names, negation, quantity, opposites, owners."""

from collections import Counter

from loopwright.llm.cache.doubts.reading import Reading, number, stem
from loopwright.llm.cache.doubts.words import (
    DATES,
    EXCLUSIONS,
    MONTHS_THAT_ARE_WORDS,
    NEGATIONS,
    OPPOSITES,
    OWNERS,
    PERIODS,
    PREFIXES,
    QUANTIFIERS,
    UNITS,
    WHICH_PERIOD,
)

_BEFORE_MONTHS = frozenset({"in", "on", "of", "since", "until", "by", "last", "next", "this", "and", "to", "from"})
_PHRASED = frozenset({"atleast", "atmost", "morethan", "lessthan"})


def numbers_differ(one: Reading, other: Reading) -> bool:
    """Other numbers, or the same in another order."""
    return one.numbers != other.numbers


def units_differ(one: Reading, other: Reading) -> bool:
    """Other units, or another unit that the number has: `10 miles to km` and `10 km to miles`."""
    return _units(one) != _units(other)


def dates_differ(one: Reading, other: Reading) -> bool:
    """Other days, months, seasons, periods, or another choice of one: `last week` and `this week`."""
    return _dates(one) != _dates(other)


def names_differ(one: Reading, other: Reading) -> bool:
    """A name, a piece of code or something quoted that the other text does not have."""
    if one.quoted != other.quoted:
        return True
    return not all(_known(names, text) for names, text in ((_named(one), other), (_named(other), one)))


def negation_differs(one: Reading, other: Reading) -> bool:
    """One negates or leaves out, the other does not; or a word stands against itself with a prefix, as `valid` against
    `invalid`."""
    for words in (NEGATIONS, EXCLUSIONS):
        if sum(word in words for word in one.words) != sum(word in words for word in other.words):
            return True
    mine, others = set(one.content), set(other.content)
    return _prefixed(mine - others, others - mine) or _prefixed(others - mine, mine - others)


def quantity_differs(one: Reading, other: Reading) -> bool:
    """`all` and `some`, `at least` and `at most`, `only` and nothing of the kind."""
    return _quantities(one) != _quantities(other)


def opposites_differ(one: Reading, other: Reading) -> bool:
    """Each has one word of a pair of opposites: `open` and `close`, `before` and `after`."""
    mine, others = set(one.words), set(other.words)
    for poles in OPPOSITES:
        here = [bool(pole & mine) for pole in poles]
        there = [bool(pole & others) for pole in poles]
        if any(here) and any(there) and here != there:
            return True
    return False


def owners_differ(one: Reading, other: Reading) -> bool:
    """`my account` and `your account`."""
    mine = {OWNERS[word] for word in one.words if word in OWNERS}
    others = {OWNERS[word] for word in other.words if word in OWNERS}
    return bool(mine) and bool(others) and not mine & others


def _units(reading: Reading) -> set[tuple[str, bool]]:
    """Units, and whether each belongs to a number."""
    found = set()
    for place, word in enumerate(reading.words):
        if word in UNITS:
            before = reading.words[place - 1] if place else ""
            after = reading.words[place + 1] if place + 1 < len(reading.words) else ""
            counted = before in ("a", "an", "per") or _is_number(before) or (word in "$€£¥" and _is_number(after))
            found.add((UNITS[word], counted))
    return found


def _is_number(word: str) -> bool:
    return bool(word) and number(word) is not None


def _dates(reading: Reading) -> Counter[str]:
    words = reading.words
    found: Counter[str] = Counter()
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        name = DATES.get(word, word[3:] if word.startswith("per") and word[3:] in PERIODS else None)
        if word in MONTHS_THAT_ARE_WORDS and (before in _BEFORE_MONTHS or _is_number(before)):
            name = word
        if name is not None:
            found[name] += 1
            if name in PERIODS and before in WHICH_PERIOD:
                found[f"{before} {name}"] += 1
    return found


def _named(reading: Reading) -> frozenset[str]:
    return reading.names | {word.lower() for word in reading.code}


def _known(names: frozenset[str], other: Reading) -> bool:
    """Whether the other text has all of them, in whatever writing."""
    written = {*other.words, *other.content, *_named(other)}
    return all(name in written or stem(name) in written for name in names)


def _prefixed(some: set[str], others: set[str]) -> bool:
    return any(word == prefix + base for word in some for base in others for prefix in PREFIXES)


def _quantities(reading: Reading) -> set[str]:
    words = {QUANTIFIERS[word] for word in reading.words if word in QUANTIFIERS}
    return words | {word for word in reading.words if word in _PHRASED}
