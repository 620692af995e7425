"""JSON out of what models write when they mean JSON.

Mended: fences and words around it, commas too many or missing, single and curly quotes, names without quotes, comments,
Python's `True`, `False` and `None`, line breaks inside strings, an end that is missing. Nothing is invented but what
closes what was opened: a value that was cut off keeps what is there of it, a name without a value goes.
"""

import re
from typing import Any

_DEEPEST = 200
_FENCE = re.compile(r"```[\w-]{0,16}[ \t]{0,8}\n?(.*?)(?:```|\Z)", re.DOTALL)
_BEGIN = re.compile(r"[{\[]")
_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|#[^\n]*)+")
_BLANK = re.compile(r"\s+")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BARE = re.compile(r"[A-Za-z_$][\w$.-]*")
_PLAIN = re.compile(r"[^\"'\\\u201c\u201d]+")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d\u201c"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORDS: dict[str, Any] = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None, "undefined": None,
    "NaN": None,
}  # fmt: skip
_NOTHING = object()


def repaired(text: str) -> Any:
    """The JSON value that a text means: an object or a list.

    Raises:
        ValueError: There is none in it.
    """
    fenced = _FENCE.search(text)
    body = fenced.group(1) if fenced is not None and _BEGIN.search(fenced.group(1)) else text
    begin = _BEGIN.search(body)
    if begin is None:
        raise ValueError("the text holds neither an object nor a list")
    return _Reader(body, begin.start()).value(0)


class _Reader:
    """Reads forgivingly, once from left to right."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self._at = at

    def value(self, depth: int) -> Any:
        """The next value; `_NOTHING` where there is none."""
        if depth > _DEEPEST:
            raise ValueError("the text is nested too deep")
        self._skip()
        char = self._here()
        if char == "{":
            return self._object(depth)
        if char == "[":
            return self._list(depth)
        if char in _QUOTES and char:
            return self._string()
        if number := _NUMBER.match(self._text, self._at):
            self._at = number.end()
            return _number(number.group())
        if word := _BARE.match(self._text, self._at):
            self._at = word.end()
            return _WORDS.get(word.group(), word.group())
        return _NOTHING

    def _object(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self._at += 1
        while self._more("}"):
            name = self._name()
            self._skip()
            if self._here() not in (":", "="):
                if name is None:
                    self._at += 1
                continue
            self._at += 1
            value = self.value(depth + 1)
            if value is not _NOTHING and name is not None:
                made[name] = value
        return made

    def _list(self, depth: int) -> list[Any]:
        made: list[Any] = []
        self._at += 1
        while self._more("]"):
            value = self.value(depth + 1)
            if value is _NOTHING:
                self._at += 1
            else:
                made.append(value)
        return made

    def _more(self, close: str) -> bool:
        """Whether another part comes before the end; commas are passed over, and the closing sign is taken."""
        self._skip()
        while self._here() == ",":
            self._at += 1
            self._skip()
        char = self._here()
        if char in ("}", "]"):
            # The sign of an outer one also ends this one, which was not closed; it is left to the outer.
            self._at += char == close
            return False
        return bool(char)

    def _name(self) -> str | None:
        char = self._here()
        if char in _QUOTES:
            return self._string()
        if word := _BARE.match(self._text, self._at) or _NUMBER.match(self._text, self._at):
            self._at = word.end()
            return word.group()
        return None

    def _string(self) -> str:
        closing = _QUOTES[self._here()]
        self._at += 1
        parts: list[str] = []
        while self._at < len(self._text):
            if run := _PLAIN.match(self._text, self._at):
                parts.append(run.group())
                self._at = run.end()
                continue
            char = self._here()
            self._at += 1
            if char == "\\":
                parts.append(self._escape())
            elif char in closing and self._ends_here():
                break
            else:
                parts.append(char)
        return "".join(parts)

    def _ends_here(self) -> bool:
        """Whether a quote ends its string: what follows is a sign of JSON or the end, so that it's is no end."""
        space = _BLANK.match(self._text, self._at)
        after = space.end() if space is not None else self._at
        return self._text[after : after + 1] in ("", ",", ":", "}", "]", '"', "=")

    def _escape(self) -> str:
        char = self._here()
        self._at += 1
        if char != "u":
            return _ESCAPES.get(char, char)
        digits = self._text[self._at : self._at + 4]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            return ""
        self._at += 4
        code = int(digits, 16)
        low = re.match(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})", self._text[self._at : self._at + 6])
        if 0xD800 <= code < 0xDC00 and low is not None:
            self._at += 6
            return chr(0x10000 + ((code - 0xD800) << 10) + (int(low.group(1), 16) - 0xDC00))
        return "" if 0xD800 <= code < 0xE000 else chr(code)

    def _skip(self) -> None:
        if space := _SPACE.match(self._text, self._at):
            self._at = space.end()

    def _here(self) -> str:
        return self._text[self._at : self._at + 1]


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        number = float(text)
    return number if abs(number) != float("inf") else None
