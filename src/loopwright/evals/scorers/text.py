"""Scorers of what an answer says: the same, holding it, of a form, of a length."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from loopwright.core.codec import plain
from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.plain_scorer import PlainScorer
from loopwright.evals.score import Score

_NOTHING = "the case does not say what is expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(PlainScorer):
    """See `exact`."""

    kind: ClassVar[str] = "exact/1"
    name: str
    ignore_case: bool

    def judged(self, case: Case, answer: Answer) -> Score:
        if case.expected is None:
            return self.unjudged(_NOTHING)
        if isinstance(case.expected, dict):
            return self._as_json(case.expected, answer.text)
        said = _normal(answer.text, ignore_case=self.ignore_case)
        wanted = [_normal(one, ignore_case=self.ignore_case) for one in _texts(case.expected)]
        good = said in wanted
        return self.verdict(good, reason="" if good else f"it is not {_texts(case.expected)[0]!r}")

    def _as_json(self, expected: dict[str, Any], text: str) -> Score:
        try:
            said = plain(text)
        except ValueError as error:
            return self.verdict(False, reason=f"the answer is not JSON: {error}")
        return self.verdict(said == expected, reason="" if said == expected else "it is another JSON value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains(PlainScorer):
    """See `contains`."""

    kind: ClassVar[str] = "contains/1"
    name: str
    texts: tuple[str, ...]
    ignore_case: bool
    any_of: bool

    def judged(self, case: Case, answer: Answer) -> Score:
        wanted = self.texts or tuple(_texts(case.expected))
        if not wanted:
            return self.unjudged(_NOTHING)
        said = _normal(answer.text, ignore_case=self.ignore_case)
        missing = [one for one in wanted if _normal(one, ignore_case=self.ignore_case) not in said]
        good = len(missing) < len(wanted) if self.any_of else not missing
        share = 1.0 - len(missing) / len(wanted)
        return self.verdict(good, value=share, reason="" if good else f"it does not say {missing[0]!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches(PlainScorer):
    """See `regex`."""

    kind: ClassVar[str] = "regex/1"
    name: str
    pattern: str
    absent: bool

    def judged(self, case: Case, answer: Answer) -> Score:
        pattern = self.pattern or (case.expected if isinstance(case.expected, str) else "")
        if not pattern:
            return self.unjudged(_NOTHING)
        try:
            found = re.search(pattern, answer.text) is not None
        except re.error as error:
            return self.unjudged(f"the case's expected is no regular expression: {error}")
        good = found != self.absent
        return self.verdict(good, reason="" if good else f"it {'matches' if found else 'does not match'} {pattern!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(PlainScorer):
    """See `length`."""

    kind: ClassVar[str] = "length/1"
    name: str
    at_least_words: int
    at_most_words: int | None

    def judged(self, case: Case, answer: Answer) -> Score:  # noqa: ARG002 - the seam's form
        words = len(answer.text.split())
        good = words >= self.at_least_words and (self.at_most_words is None or words <= self.at_most_words)
        return self.verdict(good, value=float(words), reason=f"{words} words")


def exact(*, ignore_case: bool = False, name: str = "exact") -> Exact:
    """The answer is what the case expects; a list of texts: one of them; an object: the same JSON value. White space at
    the ends and its kind do not count, nor does the form in which Unicode writes a character (NFC)."""
    return Exact(name=name, ignore_case=ignore_case)


def contains(*texts: str, ignore_case: bool = True, any_of: bool = False, name: str = "contains") -> Contains:
    """The answer holds every one of the texts, or those that the case expects. Its value is the share that it holds.

    Args:
        texts: For every case; none: what the case expects, a text or a list of them.
        ignore_case: Whether upper and lower case are the same.
        any_of: Whether one of them is enough.
        name: As reports call it.
    """
    return Contains(name=name, texts=texts, ignore_case=ignore_case, any_of=any_of)


def regex(pattern: str = "", *, absent: bool = False, name: str = "regex") -> Matches:
    """The answer holds a match of a regular expression of Python's; without one, of the case's expected.

    Args:
        pattern: For every case.
        absent: Whether the answer must hold none.
        name: As reports call it.

    Raises:
        UsageError: It is no regular expression.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise UsageError(f"{pattern!r} is no regular expression", why=str(error)) from error
    return Matches(name=name, pattern=pattern, absent=absent)


def length(*, at_least_words: int = 1, at_most_words: int | None = None, name: str = "length") -> Length:
    """The answer has so many words, parted by white space; its value is their number."""
    return Length(name=name, at_least_words=at_least_words, at_most_words=at_most_words)


def _texts(expected: Any) -> list[str]:
    if expected is None:
        return []
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return [str(one) for one in expected]
    return [str(expected)]


def _normal(text: str, *, ignore_case: bool) -> str:
    plain_text = " ".join(unicodedata.normalize("NFC", text).split())
    return plain_text.casefold() if ignore_case else plain_text
