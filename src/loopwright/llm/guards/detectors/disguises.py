"""Disguises that models see through: letters apart, digits for letters, ROT13, reversed, Base64, hex, URL codes.

Each is taken off once: what is encoded twice, split over several places or in a cipher of its own is not seen.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

_STEMS = ("ignor", "disregard", "forget", "overrid", "bypass", "instruct", "prompt", "system", "jailbr")
"""One of them is in every attempt that a whole text in disguise is looked through for."""
_APART = re.compile(r"(?<!\w)\w(?:[^\w\n]{1,3}\w(?!\w)){7,}")
_LOOKS = str.maketrans("013457@$!|", "oieastasil")
_TURNED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX = re.compile(r"(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,]{0,2}){12,}")
_NOT_HEX = re.compile(r"0x|\\x|[\s:,]")
_CODES = re.compile(r"(?:[\w.+-]{0,16}%[0-9A-Fa-f]{2}){4,}[\w.+-]{0,64}")


class Seen(NamedTuple):
    """What a disguise hides, in lower case, and the characters that hide it.

    Attributes:
        text: Without the disguise.
        start: First character of what hides it.
        end: The one after the last.
        how: 1: character by character, in this order; -1: in the opposite order; 0: as a whole.
        compact: Whether its words are not told apart.
    """

    text: str
    start: int
    end: int
    how: int = 0
    compact: bool = False


def seen_through(text: str) -> Iterator[Seen]:
    """What a text may hide.

    Args:
        text: Folded, in its own case.
    """
    lower, end = text.lower(), len(text)
    for run in _APART.finditer(lower):
        letters = re.sub(r"[\W_]+", "", run.group())
        yield Seen(letters, run.start(), run.end(), compact=True)
        yield Seen(letters[::-1], run.start(), run.end(), compact=True)
    for other, how in ((lower.translate(_LOOKS), 1), (lower.translate(_TURNED), 1), (lower[::-1], -1)):
        if any(stem in other and stem not in lower for stem in _STEMS):
            yield Seen(other, 0, end, how)
    yield from _decoded(text)


def _decoded(text: str) -> Iterator[Seen]:
    for run in _BASE64.finditer(text):
        data = run.group().rstrip("=").replace("-", "+").replace("_", "/")
        if (said := _said(_from_base64(data))) is not None:
            yield Seen(said, run.start(), run.end())
    for run in _HEX.finditer(text):
        digits = _NOT_HEX.sub("", run.group())
        if len(digits) % 2 == 0 and (said := _said(bytes.fromhex(digits))) is not None:
            yield Seen(said, run.start(), run.end())
    if "%" in text:
        for run in _CODES.finditer(text):
            yield Seen(unquote(run.group()).replace("+", " ").lower(), run.start(), run.end())


def _from_base64(data: str) -> bytes:
    try:
        return base64.b64decode(data[: len(data) - (len(data) % 4 == 1)] + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return b""


def _said(data: bytes) -> str | None:
    """What bytes say, if they are text."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    readable = sum(char.isprintable() or char in "\n\t\r" for char in text)
    return text.lower() if text and readable >= 0.95 * len(text) else None
