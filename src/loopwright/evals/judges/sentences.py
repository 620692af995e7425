"""Texts to sentences."""

import re

_END = re.compile(r"(?<=[.!?…\u3002\uff01\uff1f])(?:[\"')\]]+)?\s+(?=\S)|\n+")
_SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|etc|cf|vs|approx|Dr|Mr|Mrs|Ms|St|Fig)|\b[A-Z])\.$")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order: up to a full stop, question or exclamation mark, or the end of a line. Common
    abbreviations and initials end none."""
    found: list[str] = []
    start = 0
    for end in [match.end() for match in _END.finditer(text)] + [len(text)]:
        part = text[start:end].strip()
        if _SHORT.search(part) and end < len(text):
            continue
        if part:
            found.append(part)
        start = end
    return found
