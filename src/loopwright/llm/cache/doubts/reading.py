"""A text as doubts read it: its words, numbers, units, names, in one pass."""

import re
import unicodedata
from dataclasses import dataclass

from loopwright.llm.cache.doubts.words import (
    FILLERS,
    FUNCTION_SETS,
    MONTHS_THAT_ARE_WORDS,
    NUMBERS,
    QUANTIFIER_PHRASES,
    SAME_WORDS,
)

MOST_CHARACTERS = 20_000
"""What follows is not read: of longer texts no two are taken for the same unless they are equal."""
_TOKEN = re.compile(r"\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[$€£¥%]")
_NAME = re.compile(r"(?<![\w.])[^\W\d_][\w'&]*")
_JOINS = re.compile(r"[^\W_][._/\\:@+#]+[^\W_]|_")
_HUMP = re.compile(r"[a-z][A-Z]|^[A-Z]{2}")
_AROUND = ".,;:!?()[]{}<>\"'`“”«»„…"
_LONGEST_CODE = 200
_QUOTED = re.compile("[\"“”«»„]([^\"“”«»„]{1,200})[\"“”«»„]|(?<!\\w)'([^']{2,200})'(?!\\w)")
_APOSTROPHES = {0x2018: "'", 0x2019: "'", 0x02BC: "'"}
_SENTENCE_END = '.!?:\n"“„«('
_REWRITES = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"\bcan(?:no|')t\b", "can not"), (r"\bwon't\b", "will not"), (r"n't\b", " not"), (r"\be-mail", "email"),
        (r"\b(what|who|where|when|how|that|it|there)'s\b", r"\1 is"), (r"'(?:m|re|ve|ll|d)\b", ""), (r"'s\b", ""),
        (r"\b(?:in |at |on )?(?:what|which) (?:time|year|month|date|day)s?\b", "when"),
        (r"\b(?:each|every|per|a) (day|week|month|year)\b", r"per\1"), (r"\bdaily\b", "perday"),
        (r"\b(?:log|sign)(?:ged)? in(?:to)?\b", "login"), (r"\b(?:log|sign)(?:ged)? out\b", "logout"),
        (r"\b(?:turn|switch)(?:ed)? on\b", "enable"), (r"\b(?:turn|switch)(?:ed)? off\b", "disable"),
        (r"\bhow come\b|\bfor what reason\b|\bwhat (?:causes|makes)\b", "why"), (r"\bwhat number of\b", "how many"),
        (r"\bwhat is the number of\b", "how many"), (r"\bmost recent\b", "latest"),
        (r"\bnot (?:any ?more|longer)\b", "not"),
        *((rf"\b{said}\b", into) for said, into in QUANTIFIER_PHRASES),
    )
)  # fmt: skip
_NOT_CONTENT = frozenset().union(*FUNCTION_SETS.values()) | FILLERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What doubts compare of a text.

    Attributes:
        words: Lower-case words, numbers and signs, in their order, contractions written out.
        content: The stems of the words that carry meaning, in their order; words that mean the same have one stem.
        numbers: Values as text, in their order.
        names: Words written as names where no sentence begins, in lower case.
        code: Identifiers, paths, flags, acronyms, as written.
        quoted: What stands in quotation marks.
        whole: Whether all of the text was read.
    """

    words: tuple[str, ...]
    content: tuple[str, ...]
    numbers: tuple[str, ...]
    names: frozenset[str]
    code: frozenset[str]
    quoted: frozenset[str]
    whole: bool


def read(text: str) -> Reading:
    """Read a text once, to be compared with many."""
    plain = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).translate(_APOSTROPHES)
    lowered = plain.lower()
    for pattern, into in _REWRITES:
        lowered = pattern.sub(into, lowered)
    words = tuple(_TOKEN.findall(lowered.replace("-", " ") if not re.search(r"\d-\d", lowered) else lowered))
    return Reading(
        words=words,
        content=tuple(stem(word) for word in words if _is_content(word)),
        numbers=tuple(value for value in map(number, words) if value is not None),
        names=frozenset(_names(plain)),
        code=frozenset(word for word in _pieces(plain) if _is_code(word)),
        quoted=frozenset((one or other).strip().lower() for one, other in _QUOTED.findall(plain)),
        whole=len(text) <= MOST_CHARACTERS,
    )


def number(word: str) -> str | None:
    """The value that a word says, as text; None where it is no number."""
    if word[0].isdigit():
        return re.sub(r",(?=\d{3}(?:\D|$))", "", word)
    return NUMBERS.get(word)


def stem(word: str) -> str:
    """A word without its ending, the same for words that mean the same."""
    if word in SAME_WORDS:
        return SAME_WORDS[word]
    bare = _bare(word)
    return SAME_WORDS.get(bare, SAME_WORDS.get(bare + "e", bare))


def _bare(word: str) -> str:
    for ending, into, least in (("ies", "y", 5), ("sses", "ss", 6), ("ing", "", 6), ("ed", "", 5), ("s", "", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + into
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def _is_content(word: str) -> bool:
    return word not in _NOT_CONTENT and number(word) is None and word not in MONTHS_THAT_ARE_WORDS


def _pieces(plain: str) -> list[str]:
    """What stands between spaces, without the punctuation around it; each piece is looked at once, however long."""
    return [piece.strip(_AROUND) for piece in plain.split()]


def _is_code(piece: str) -> bool:
    if len(piece) > _LONGEST_CODE:
        return bool(piece)
    if piece.startswith("-"):
        return piece.lstrip("-")[:1].isalpha()
    if not piece[:1].isalnum() or number(piece.lower()) is not None:
        return False
    return bool(_JOINS.search(piece) or _HUMP.search(piece) or (piece[-1] in "+#" and piece[0].isalpha()))


def _names(plain: str) -> list[str]:
    found = []
    for match in _NAME.finditer(plain):
        word, before = match.group(), plain[: match.start()].rstrip(" \t")
        if word[0].isupper() and before and before[-1] not in _SENTENCE_END and word not in ("I", "I'm", "I'd", "I've"):
            found.append(re.sub(r"'s$", "", word).lower())
    return found
