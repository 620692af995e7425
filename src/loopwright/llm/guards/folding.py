"""The text that detectors look at: tricks with Unicode taken out, and the way back to the characters as they were.

Full-width and styled letters, letters of other scripts that look like Latin ones, accents, digits of other scripts,
dashes and spaces become plain; invisible characters vanish; tag characters, which hide a text from people but not from
models, become the letters that they stand for.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

# Letters and signs that look like others and are not made plain by Unicode's compatibility forms: those of Cyrillic,
# Greek, Armenian, Cherokee and the small capitals, dashes, quotes, dots.
_LOOKS_LIKE = {
    "\n": "\u2028\u2029", " ": "\u2800", '"': "\u201c\u201d\u201e\u201f", "'": "\u2018\u2019\u201a\u201b",
    "*": "\u2217", "-": "\u2010\u2012\u2013\u2014\u2015\u2212\ufe58\u2043", ".": "\u2024\u22c5\u00b7\u2022",
    "/": "\u2044\u2215", ":": "\u2236\u0589", "<": "\u27e8\u2039", ">": "\u27e9\u203a",
    "A": "\u0410\u0391\u13aa", "B": "\u0412\u0392\u13f4", "C": "\u0421\u13df", "D": "\u0500\u13a0",
    "E": "\u0415\u0395\u13ac", "G": "\u13c0", "H": "\u041d\u0397\u13bb", "I": "\u0406\u0399",
    "J": "\u0408\u13ab", "K": "\u041a\u039a\u13e6", "L": "\u13de", "M": "\u041c\u039c\u13b7", "N": "\u039d",
    "O": "\u041e\u039f", "P": "\u0420\u03a1\u13e2", "Q": "\u051a", "R": "\u13a1", "S": "\u0405\u13da",
    "T": "\u0422\u03a4\u13a2", "V": "\u13d9", "W": "\u051c\u13b3", "X": "\u0425\u03a7", "Y": "\u0423\u03a5",
    "Z": "\u0396\u13c3", "a": "\u0430\u03b1\u1d00\u0251", "ae": "\u00e6", "b": "\u0432\u044c\u0299\u0185",
    "c": "\u0441\u03f2\u1d04", "d": "\u0501\u0111\u1d05", "e": "\u0435\u03b5\u1d07", "g": "\u0261\u0262",
    "h": "\u04bb\u043d\u0127\u029c", "i": "\u0456\u0269\u0131\u03b9\u026a", "j": "\u0458\u03f3\u1d0a",
    "k": "\u043a\u03ba\u1d0b", "l": "\u04cf\u0142\u029f", "m": "\u043c\u1d0d", "n": "\u0578\u03b7\u0274",
    "o": "\u043e\u00f8\u03bf\u03c3\u1d0f", "oe": "\u0153", "p": "\u0440\u03c1\u1d18", "q": "\u051b",
    "r": "\u0433\u0280\u027e", "s": "\u0455\ua731", "ss": "\u00df", "t": "\u0442\u03c4\u1d1b",
    "u": "\u057d\u03c5\u1d1c", "v": "\u0475\u03bd\u1d20\u028b", "w": "\u051d\u03c9\u1d21", "x": "\u0445\u03c7",
    "y": "\u0443\u03b3\u028f", "z": "\u1d22",
}  # fmt: skip
_LOOKS = {char: plain for plain, chars in _LOOKS_LIKE.items() for char in chars}
_ODD = re.compile(r"[^\x00-\x7f]+")
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0")
_DROPPED = frozenset({"Cf", "Mn", "Me", "Cs"})
_FIRST_TAG, _LAST_TAG, _TAGS = 0xE0020, 0xE007E, 0xE0000


class Folded:
    """A folded text, and where its characters come from.

    Attributes:
        original: As it was.
        text: Folded.
    """

    __slots__ = ("_offsets", "original", "text")

    def __init__(self, original: str, text: str, offsets: Sequence[int] | None) -> None:
        self.original = original
        self.text = text
        self._offsets = offsets

    def at(self, position: int) -> int:
        """The place in the original of a place in the folded text."""
        if self._offsets is None:
            return position
        return self._offsets[position] if position < len(self._offsets) else len(self.original)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the original that `text[start:end]` was made of; `end` is greater than `start`."""
        if self._offsets is None:
            return start, end
        return self._offsets[start], self._offsets[end - 1] + 1


def fold(text: str) -> Folded:
    """Fold a text. ASCII is left as it is."""
    if text.isascii():
        return Folded(text, text, None)
    table = {ord(char): plain(char) for char in set(text) if not char.isascii()}
    folded = _ODD.sub(lambda run: run.group().translate(table), text)
    if all(len(made) == 1 for made in table.values()):
        return Folded(text, folded, None)
    offsets: list[int] = []
    for index, char in enumerate(text):
        made = table.get(ord(char))
        offsets.extend((index,) * (1 if made is None else len(made)))
    return Folded(text, folded, offsets)


@lru_cache(maxsize=8192)
def plain(char: str) -> str:
    """What one character that is not ASCII becomes; nothing where it is invisible."""
    code = ord(char)
    if _FIRST_TAG <= code <= _LAST_TAG:
        return chr(code - _TAGS)
    if char in _INVISIBLE or unicodedata.category(char) in _DROPPED:
        return ""
    return "".join(_plain_part(part) for part in unicodedata.normalize("NFKD", char))


def _plain_part(char: str) -> str:
    if char.isascii():
        return char
    if (look := _LOOKS.get(char)) is not None:
        return look
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Zs":
        return " "
    return "" if category in _DROPPED or char in _INVISIBLE else char
