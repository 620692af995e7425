"""Lists of words and phrases as one pattern: whole words, in any case, with what stands between them left aside."""

import re
from collections.abc import Sequence

from loopwright.errors import UsageError
from loopwright.llm.guards.folding import fold


def phrases(said: Sequence[str]) -> tuple[re.Pattern[str], int]:
    """A pattern of phrases over lower-case folded text, and the most words that one of them has.

    Args:
        said: Words and phrases; a `*` at a word's end stands for any letters.

    Raises:
        UsageError: One of them has no letters.
    """
    forms, most = [], 1
    for phrase in said:
        words = fold(str(phrase)).text.lower().split()
        if not any(char.isalnum() for char in "".join(words)):
            raise UsageError(f"{phrase!r} is no word that a guard could look for")
        most = max(most, len(words))
        forms.append(r"[\W_]{1,4}".join(_word(word) for word in words))
    return re.compile(r"(?<!\w)(?:" + "|".join(sorted(forms, key=len, reverse=True)) + r")(?!\w)"), most


def _word(word: str) -> str:
    return re.escape(word.rstrip("*")) + (r"\w{0,24}" if word.endswith("*") else "")
