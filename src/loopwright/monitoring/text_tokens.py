"""Texts as sets of hashed n-grams: enough to tell topics apart, not enough to read the text."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from loopwright.monitoring.rules.text_drift import Grams

if TYPE_CHECKING:
    import polars as pl

TOKENS = "tokens"
BUCKETS = 1 << 14
_MOST_CHARACTERS = 20_000
"""Of one text; what comes after is not looked at."""
_LEAST_TEXTS = 10
"""A word is named only if it stands in so many texts of a window: a name or a number of one person's text is not."""


def token_table(texts: Sequence[str | None], grams: Grams) -> "pl.DataFrame":
    """(n_texts, 1) column `tokens`: the ascending buckets of each text's n-grams, each once; none for an empty text.

    Args:
        texts: Missing ones count as empty.
        grams: Words and pairs of words, or runs of three to five characters for scripts without spaces.
    """
    import polars as pl

    hashed = _vectoriser(grams).transform([_cut(text) for text in texts])
    hashed.sort_indices()
    ends = hashed.indptr.tolist()
    found = [hashed.indices[start:end].tolist() for start, end in pairwise(ends)]
    return pl.DataFrame({TOKENS: pl.Series(found, dtype=pl.List(pl.UInt16))})


def words_of_buckets(texts: Sequence[str | None], grams: Grams) -> dict[int, str]:
    """The commonest n-gram of each bucket, of those that stand in at least ten of the texts."""
    vectoriser = _vectoriser(grams)
    analyse = vectoriser.build_analyzer()
    counted = Counter(gram for text in texts for gram in set(analyse(_cut(text))))
    common = [gram for gram, count in counted.most_common() if count >= _LEAST_TEXTS]
    if not common:
        return {}
    places = [_place(vectoriser, gram) for gram in common]
    named: dict[int, str] = {}
    for place, gram in zip(places, common, strict=True):
        named.setdefault(place, gram)
    return named


def _cut(text: str | None) -> str:
    return "" if text is None else text[:_MOST_CHARACTERS]


def _place(vectoriser: Any, gram: str) -> int:
    from sklearn.utils import murmurhash3_32

    return abs(int(murmurhash3_32(gram, seed=0))) % int(vectoriser.n_features)


def _vectoriser(grams: Grams) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    kind = (
        {"analyzer": "word", "ngram_range": (1, 2)} if grams == "words" else {"analyzer": "char", "ngram_range": (3, 5)}
    )
    return HashingVectorizer(n_features=BUCKETS, norm=None, alternate_sign=False, binary=True, **kind)
