"""Secrets: keys in the formats of those who issue them, private keys, tokens, and what is called a password."""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.guards.detector import Detector, Hit, joined
from loopwright.llm.guards.tails import last_words

_WORDS = 6
"""Words that a match may have: `-----BEGIN PGP PRIVATE KEY BLOCK-----` has five, `password is: X` three."""
_END = r"(?![A-Za-z0-9])"


class _Format(NamedTuple):
    """How a secret looks; it is looked for only where `sign` occurs."""

    kind: str
    sign: str
    looks: re.Pattern[str]


def _f(kind: str, sign: str, looks: str) -> _Format:
    return _Format(kind, sign, re.compile(r"(?<![A-Za-z0-9])" + looks))


_FORMATS = (
    _f("anthropic_key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    _f("openai_key", "sk-", r"sk-(?!ant-)(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20,})" + _END),
    *(_f("aws_access_key", sign, sign + r"[A-Z2-7]{16}" + _END) for sign in ("AKIA", "ASIA", "AROA", "AIDA", "AGPA")),
    *(_f("github_token", sign, sign + r"[A-Za-z0-9]{36,}") for sign in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    _f("github_token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _f("gitlab_token", "glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
    _f("slack_token", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _f("slack_webhook", "hooks.slack", r"hooks\.slack\.com/services/T[A-Z0-9]{6,16}/B[A-Z0-9]{6,16}/[A-Za-z0-9]{16,}"),
    _f("google_key", "AIza", r"AIza[A-Za-z0-9_-]{35}" + _END),
    _f("google_token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _f("stripe_key", "_live_", r"[sr]k_live_[A-Za-z0-9]{16,}"),
    _f("stripe_key", "_test_", r"[sr]k_test_[A-Za-z0-9]{16,}"),
    _f("webhook_secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,}"),
    _f("sendgrid_key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _f("npm_token", "npm_", r"npm_[A-Za-z0-9]{36}" + _END),
    _f("pypi_token", "pypi-", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    _f("huggingface_token", "hf_", r"hf_[A-Za-z0-9]{30,}" + _END),
    _f("groq_key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    _f("digitalocean_token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    _f("databricks_token", "dapi", r"dapi[a-f0-9]{32}(?:-\d)?" + _END),
    _f("telegram_token", ":AA", r"\d{8,10}:AA[A-Za-z0-9_-]{33}" + _END),
    _f("loopwright_key", "lw_", r"lw_[A-Za-z0-9_-]{43}" + _END),
)  # fmt: skip
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]{8,})\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*")
_PRIVATE = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PRIVATE_END = re.compile(r"-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_ASSIGNED = re.compile(
    r"(?:pass(?:word|wd|phrase)?|pwd|secret(?:[_ -]?(?:access[_ -]?)?key)?|token|api[_ -]?key|access[_ -]?key|"
    r"client[_ -]?secret|private[_ -]?key|auth[_ -]?token)[\"']?(?: {0,2}(?::=|=>|[=:]) {0,2}| is:? )[\"'`]?"
    r"([^\s\"'`,;]{6,})"
)
"""Over lower-case text."""
_IN_URL = re.compile(r"[a-z][a-z0-9+]{1,15}://[^\s:/@]{1,64}:([^\s/@]{3,128})@")
_PLACEHOLDER = re.compile(
    r"^(?:[<${\[(%].*|.*[>}\])]|\*+|x{4,}|\.{3,}|your.*|my[_-]?.*|example.*|changeme|placeholder|redacted|none|null|"
    r"true|false|undefined|required|optional|string|env[:.].*|file:.*|os\..*|process\.env.*|.*\(.*|.*password.*|secret)$",
    re.IGNORECASE,
)
_LEAST_ENTROPY = 2.5
"""Bits a character from which a value that is called a secret is taken for one; words of a language have less as they
are short."""
KINDS = tuple(dict.fromkeys((*(form.kind for form in _FORMATS), "jwt", "private_key", "password")))


class Secrets(Detector):
    """Finds secrets.

    Args:
        kinds: Which; all of `KINDS` where empty.

    Raises:
        UsageError: There is no such kind.
    """

    def __init__(self, kinds: Sequence[str] = ()) -> None:
        if unknown := sorted({*kinds} - {*KINDS}):
            raise UsageError(f"no kind of secret is called {unknown[0]!r}", fix=f"One of: {', '.join(KINDS)}.")
        self._kinds = frozenset(kinds or KINDS)
        self._formats = tuple(form for form in _FORMATS if form.kind in self._kinds)

    def find(self, text: str) -> Sequence[Hit]:
        found = [
            Hit(form.kind, match.start(), match.end())
            for form in self._formats
            if form.sign in text
            for match in form.looks.finditer(text)
        ]
        for kind, finder in _FINDERS:
            if kind in self._kinds:
                found += finder(text)
        return joined(found)

    def held_from(self, text: str) -> int:
        """A key has no spaces, whatever its length."""
        return last_words(text, _WORDS, longest=len(text))


def _tokens(text: str) -> Iterator[Hit]:
    if "eyJ" in text:
        for match in _TOKEN.finditer(text):
            if _is_header(match.group(1)):
                yield Hit("jwt", match.start(), match.end())


def _is_header(part: str) -> bool:
    """Whether this is the first part of a JSON web token: JSON that names an algorithm."""
    try:
        data = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return False
    return isinstance(data, dict) and ("alg" in data or "enc" in data)


def _private_keys(text: str) -> Iterator[Hit]:
    """From the first line to the last; to the end of the text where the last is not there."""
    at = 0
    while "-----BEGIN " in text and (begin := _PRIVATE.search(text, at)) is not None:
        end = _PRIVATE_END.search(text, begin.end())
        at = len(text) if end is None else end.end()
        yield Hit("private_key", begin.start(), at)


def _passwords(text: str) -> Iterator[Hit]:
    if "=" in text or ":" in text or " is " in text:
        lower = text.lower()
        for match in _ASSIGNED.finditer(lower if len(lower) == len(text) else text):
            value = text[match.start(1) : match.end(1)].rstrip(".)!?")
            named = not text[max(0, match.start() - 1) : match.start()].isalpha()
            if named and len(value) >= 6 and _looks_secret(value):
                yield Hit("password", match.start(1), match.start(1) + len(value))
    if "://" in text:
        for match in _IN_URL.finditer(text):
            if not _PLACEHOLDER.match(match.group(1)):
                yield Hit("password", match.start(1), match.end(1))


def _looks_secret(value: str) -> bool:
    """Whether a value that is called a password can be one: no placeholder, no plain word, enough different signs."""
    if _PLACEHOLDER.match(value):
        return False
    kinds = sum(bool(re.search(form, value)) for form in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
    return (kinds >= 2 and entropy(value) >= _LEAST_ENTROPY) or (
        kinds == 1 and len(value) >= 20 and entropy(value) >= 3.0
    )


def entropy(text: str) -> float:
    """Shannon's entropy of the text's own characters, bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


_FINDERS: tuple[tuple[str, Callable[[str], Iterator[Hit]]], ...] = (
    ("jwt", _tokens),
    ("private_key", _private_keys),
    ("password", _passwords),
)
