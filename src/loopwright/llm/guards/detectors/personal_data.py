"""Personal data by validated patterns: mail, phone, bank, card, network and national numbers.

Names and addresses follow no pattern; the extra `presidio` finds some of them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from loopwright.errors import UsageError
from loopwright.llm.guards.detector import Detector, Hit, joined
from loopwright.llm.guards.detectors import check_digits, number_checks
from loopwright.llm.guards.tails import last_words

_LONGEST = 512
"""Characters of the longest match: the local part of an address has 64, each of its five labels 63."""
_WORDS = 6
"""Words that a match may have of which some are no numbers: `ann [at] example [dot] org`."""
_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-"
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9])")
_SPELLED_AT = re.compile(r"[\[({<] ?[aA][tT] ?[\])}>]")
_SPELLED = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64} ?[\[({<] ?at ?[\])}>] ?[A-Za-z0-9-]{1,63}"
    r"(?: ?[\[({<] ?dot ?[\])}>] ?[A-Za-z0-9-]{2,63}|\.[A-Za-z0-9-]{2,63}){1,4}",
    re.IGNORECASE,
)
_CLUSTER = re.compile(r"[\d:](?:[^\d:.]{0,4}[\d:.]){5,}")
"""Digits, and signs of addresses, near one another: nothing else is looked at by the patterns of numbers."""
_BEFORE, _AFTER = 48, 24
_NUMBER_LIKE = re.compile(r".*\d|[A-Z<]{1,4}$|[^\w\s]+$")
_SPLITTERS = str.maketrans("", "", " -./()\t\n")


class _Pattern(NamedTuple):
    """One kind of number: how it looks, what must be true of it without its spaces and signs, and words of which one
    must stand before it where its looks alone are too common."""

    kind: str
    looks: re.Pattern[str]
    holds: Callable[[str], bool]
    after: tuple[str, ...] = ()
    plain: bool = True


def _p(
    kind: str, looks: str, holds: Callable[[str], bool], *, after: tuple[str, ...] = (), plain: bool = True
) -> _Pattern:
    return _Pattern(kind, re.compile(looks), holds, after, plain)


_SAID_PHONE = ("phone", "tel", "mobile", "cell", "call", "whatsapp", "fax", "text me", "handy", "movil", "sms", "ring")
_SAID_TAX = ("steuer", "idnr", "tax id", "tax-id", "tin", "identifik")
_PATTERNS = (
    _p("card", r"(?<!\w)(?<!\d\.)(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|\d{4}([ -]?)\d{6}\2\d{4,5}|\d{13,19}"
       r"|\d(?:[ .-]\d){12,18})(?!\w)", number_checks.card),
    _p("card", r"(?<!\w)(?<!\d\.)\d{4}([ -])\d{4}\1\d{4}\1\d{4}\1\d{3}(?!\w)", number_checks.card),
    _p("passport", r"(?<![A-Z0-9<])[A-Z0-9<]{9}\d[A-Z]{3}\d{6}\d[MFX<]\d{6}\d[A-Z0-9<]{14}[\d<]\d(?![A-Z0-9<])",
       number_checks.passport),
    _p("fr_nir", r"(?<!\w)[1278] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d(?!\w)", check_digits.french_nir),
    _p("it_codice_fiscale", r"(?<!\w)[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z](?!\w)", check_digits.codice_fiscale),
    _p("us_ssn", r"(?<![\w-])\d{3}([- ])\d\d\1\d{4}(?![\w-])", number_checks.ssn),
    _p("us_ssn", r"(?<!\w)\d{9}(?!\w)", number_checks.ssn, after=("ssn", "social security")),
    _p("uk_nino", r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)", number_checks.nino),
    _p("es_dni", r"(?<!\w)(?:\d{8}|\d\d\.\d{3}\.\d{3})[ -]?[A-Z](?!\w)", check_digits.spanish_dni),
    _p("es_nie", r"(?<!\w)[XYZ][ -]?\d{7}[ -]?[A-Z](?!\w)", check_digits.spanish_dni),
    _p("br_cpf", r"(?<!\w)\d{3}\.\d{3}\.\d{3}-\d\d(?!\w)", check_digits.cpf),
    _p("br_cpf", r"(?<!\w)\d{11}(?!\w)", check_digits.cpf, after=("cpf",)),
    _p("de_tax_id", r"(?<!\w)\d\d \d{3} \d{3} \d{3}(?!\w)", check_digits.german_tax_id),
    _p("de_tax_id", r"(?<!\w)\d{11}(?!\w)", check_digits.german_tax_id, after=_SAID_TAX),
    _p("pl_pesel", r"(?<!\w)\d{11}(?!\w)", check_digits.pesel, after=("pesel",)),
    _p("se_personnummer", r"(?<!\w)(?:19|20)?\d{6}[-+]\d{4}(?!\w)", number_checks.personnummer),
    _p("uk_nhs", r"(?<!\w)\d{3}[ -]\d{3}[ -]\d{4}(?!\w)", check_digits.nhs, after=("nhs",)),
    _p("uk_nhs", r"(?<!\w)\d{10}(?!\w)", check_digits.nhs, after=("nhs",)),
    _p("in_aadhaar", r"(?<!\w)[2-9]\d{3}([ -])\d{4}\1\d{4}(?! ?-?\d|\w)", check_digits.verhoeff),
    _p("phone", r"(?<![\w+])\+[1-9](?:[ .()/-]{0,2}\d){6,14}(?![\w])", number_checks.international),
    _p("phone", r"(?<![\w.,+/-])00[1-9](?:[ .()/-]{0,2}\d){7,13}(?![\w])", number_checks.international),
    _p("phone", r"(?<![\w.+/-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}(?![\w-]|\.\d)",
       number_checks.any_number),
    _p("phone", r"(?<![\w+.,/-])\(?0(?:[1-378]\d{3}\)?[ -]\d{3}[ -]?\d{3}|[1-378]\d{2}\)?[ -]\d{3}[ -]\d{4}"
       r"|[1-378]\d\)?[ -]\d{4}[ -]\d{4}|7\d{3}[ -]?\d{6}|[1-9](?:[ .-]\d\d){4}"
       r"|[1-9]\d{1,4}\)? ?[ /-] ?\d{3,8}(?:[ -]\d{2,5}){0,2})(?!\w|[-.]\d)", number_checks.national),
    _p("phone", r"(?<![\w.,/-])\d[\d .-]{5,14}\d(?![\w]|[.-]\d)", number_checks.said_phone, after=_SAID_PHONE),
    _p("ip_address", r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)", number_checks.ip_address, plain=False),
    _p("ip_address", r"(?<![\w:.])[\dA-Fa-f]{4}:[\dA-Fa-f:]{2,34}(?!\w|:|\.\d)", number_checks.ip_address, plain=False),
)  # fmt: skip
_SAID_VERSION = ("version", "release", "firmware", "build")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9]{4})")
KINDS = ("email", "iban", *dict.fromkeys(pattern.kind for pattern in _PATTERNS))


class PersonalData(Detector):
    """Finds personal data whose form can be checked.

    Args:
        kinds: Which; all of `KINDS` where empty.

    Raises:
        UsageError: There is no such kind.
    """

    def __init__(self, kinds: Sequence[str] = ()) -> None:
        if unknown := sorted({*kinds} - {*KINDS}):
            raise UsageError(f"no kind of personal data is called {unknown[0]!r}", fix=f"One of: {', '.join(KINDS)}.")
        wanted = kinds or KINDS
        self._mail, self._iban = "email" in wanted, "iban" in wanted
        self._patterns = tuple(pattern for pattern in _PATTERNS if pattern.kind in wanted)

    def find(self, text: str) -> Sequence[Hit]:
        found = list(_mails(text)) if self._mail else []
        for start, end in _zones(text):
            if self._iban:
                found += _ibans(text, start, end)
            found += self._numbers(text, start, end)
        return joined(found)

    def held_from(self, text: str) -> int:
        return last_words(text, _WORDS, longest=_LONGEST, goes_on=_NUMBER_LIKE.match)

    def _numbers(self, text: str, start: int, end: int) -> Iterator[Hit]:
        for pattern in self._patterns:
            for match in pattern.looks.finditer(text, start, end):
                bare = match.group().translate(_SPLITTERS) if pattern.plain else match.group()
                if pattern.after and not said(text, match.start(), pattern.after):
                    continue
                if pattern.holds(bare) and not (not pattern.plain and "." in bare and _a_version(text, match.start())):
                    yield Hit(pattern.kind, match.start(), match.end())


def _zones(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text that numbers may be in, apart from one another."""
    start, end = -1, -1
    for cluster in _CLUSTER.finditer(text):
        if cluster.start() - _BEFORE > end:
            if end > 0:
                yield start, end
            start = max(0, cluster.start() - _BEFORE)
        end = min(len(text), cluster.end() + _AFTER)
    if end > 0:
        yield start, end


def said(text: str, start: int, words: Sequence[str]) -> bool:
    """Whether one of some words stands in the 32 characters before a place."""
    before = text[max(0, start - 32) : start].lower()
    return any(word in before for word in words)


def _a_version(text: str, start: int) -> bool:
    return text[start - 1 : start] in ("v", "V") or said(text, start, _SAID_VERSION)


def _mails(text: str) -> Iterator[Hit]:
    at = text.find("@")
    while at >= 0:
        before = text[max(0, at - 64) : at]
        local = len(before) - len(before.rstrip(_LOCAL))
        domain = _DOMAIN.match(text, at + 1) if local else None
        if domain is not None and text[at - 1] != ".":
            yield Hit("email", at - local, domain.end())
        at = text.find("@", at + 1)
    if _SPELLED_AT.search(text) is not None:
        for match in _SPELLED.finditer(text):
            yield Hit("email", match.start(), match.end())


def _ibans(text: str, start: int, end: int) -> Iterator[Hit]:
    for match in _IBAN.finditer(text, start, end):
        code, last = match.group(), match.end()
        length = check_digits.iban_length(code[:2].upper())
        while len(code) < length and last < len(text):
            if text[last] in " -" and len(code) % 4 == 0:
                last += 1
            if not text[last : last + 1].isalnum():
                break
            code, last = code + text[last], last + 1
        if not text[last : last + 1].isalnum() and check_digits.iban(code.upper()):
            yield Hit("iban", match.start(), last)
