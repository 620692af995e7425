"""Words of a text, as the lexical search counts them, and the numbers that stand for them."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

Terms = NDArray[np.uint64]
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]+")
_LONGEST = 64
_KEPT = 200_000


def terms_of(text: str, *, stem: bool) -> list[int]:
    """The text's words in order, each as 64 bits of its digest.

    Words are runs of letters and digits of any script after NFKC and case folding; a sign of Chinese or Japanese is a
    word. Two words of the same 64 bits would be taken for one: among a million words that is one chance in 30 million.
    """
    found = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return [_term(word, stem) for word in found]


def terms_of_question(text: str, *, stem: bool) -> Terms:
    """The different words of a question, sorted."""
    return np.unique(np.array(terms_of(text, stem=stem), dtype=np.uint64))


def stemmed(word: str) -> str:
    """The word without the ending of an English plural, by the "S stemmer" (Harman 1991, "How effective is
    suffixing?")."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")):
        return word[:-1]
    return word


@lru_cache(maxsize=_KEPT)
def _term(word: str, stem: bool) -> int:
    kept = stemmed(word) if stem else word
    return int.from_bytes(blake3(kept[:_LONGEST].encode()).digest(8), "little")


def counted(texts: Sequence[str], *, stem: bool) -> tuple[Terms, NDArray[np.int32], NDArray[np.int32]]:
    """Every different word of every text, once: (n,) terms, (n,) which text, (n,) how often; ordered by text."""
    terms: list[Terms] = []
    rows: list[NDArray[np.int32]] = []
    counts: list[NDArray[np.int32]] = []
    for row, text in enumerate(texts):
        different, often = np.unique(np.array(terms_of(text, stem=stem), dtype=np.uint64), return_counts=True)
        terms.append(different)
        rows.append(np.full(different.size, row, dtype=np.int32))
        counts.append(often.astype(np.int32))
    if not texts:
        return np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.int32)
    return np.concatenate(terms), np.concatenate(rows), np.concatenate(counts)
