"""Vectors by hashing words and pieces of words: no model, no learning, the same on every machine."""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from loopwright.core.hashing import Digest, digest_value
from loopwright.llm.embedder import Embedder

_VERSION = 1
_WORDS_KEPT = 50_000
_WORD = re.compile(r"\w+")
_PIECE_LETTERS = (3, 4)
_WORD_SHARE = 0.6


class HashingEmbedder(Embedder):
    """Bags of words and of their pieces of 3 and 4 letters, signed and hashed (Weinberger et al. 2009).

    Two texts are alike where they share words or parts of words; synonyms are as far apart as any other words, and the
    order of words does not count. Long words weigh more than short ones, which stands for the rarity that would take a
    corpus to count; a word's repetitions count by their logarithm.

    Args:
        dimensions: Length of a vector. With fewer, unrelated words fall together more often.
    """

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._digest = digest_value({"embedder": "hashing", "version": _VERSION, "dimensions": dimensions})
        self._hashed = lru_cache(maxsize=_WORDS_KEPT)(self._hash)

    @property
    def digest(self) -> Digest:
        return self._digest

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            words = Counter(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))
            if not words:
                continue
            found = [self._hashed(word) for word in words]
            times = [1.0 + np.log(count) for count in words.values()]
            lengths = [len(places) for places, _ in found]
            weights = np.concatenate([values for _, values in found]) * np.repeat(times, lengths)
            places = np.concatenate([places for places, _ in found])
            sums = np.bincount(places, weights=weights, minlength=self._dimensions)
            length = float(np.sqrt(sums @ sums))
            row[:] = sums / length if length > 0.0 else 0.0
        return vectors

    def _hash(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """Where a word and its pieces fall, and with what sign and weight: two arrays of the same length."""
        padded = f"<{word}>"
        pieces = [padded[at : at + size] for size in _PIECE_LETTERS for at in range(len(padded) - size + 1)]
        hashes = np.array([zlib.crc32(feature.encode()) for feature in (f"={word}", *pieces)], dtype=np.int64)
        weight = min(1.0, len(word) / 6.0)
        share = np.full(len(hashes), np.sqrt((1.0 - _WORD_SHARE) / max(1, len(pieces))))
        share[0] = np.sqrt(_WORD_SHARE)
        signs = np.where(hashes >> 31, -1.0, 1.0)
        return (hashes & 0x7FFFFFFF) % self._dimensions, signs * share * weight
