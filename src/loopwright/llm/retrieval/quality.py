"""How good a version finds what people said is relevant: recall, reciprocal rank, nDCG, with intervals over questions.

A relevant document counts as found with the first of its chunks; further chunks of it are no further finds.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from loopwright.errors import UsageError
from loopwright.llm.retrieval.labelled import Labelled
from loopwright.llm.retriever import Passage, Retriever
from loopwright.stats.arrays import AnyArray, Floats
from loopwright.stats.intervals import Interval, bootstrap_difference, bootstrap_interval

Measure = Literal["recall", "mrr", "ndcg"]
MOST_RANKS = 100
_SEED = 20090719
_CHUNKS_A_DOCUMENT = 5


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """What a measure is on a labelled set.

    Attributes:
        measure: Which, as `recall@5`.
        value: The mean over questions.
        low: Lower bound of its interval; None where questions are too few to tell.
        high: Upper bound.
        n: Questions.
        level: The interval's confidence.
    """

    measure: str
    value: float
    low: float | None
    high: float | None
    n: int
    level: float = 0.95


def measure_name(measure: Measure, k: int) -> str:
    """As it is written."""
    return f"{measure}@{k}"


def values_of(retriever: Retriever, questions: Sequence[Labelled], measure: Measure, *, k: int) -> Floats:
    """(n_questions,) the measure for each, 0 to 1.

    Args:
        retriever: The version.
        questions: Labelled ones.
        measure: `recall`: the share of what is relevant that is among the first k. `mrr`: 1 / the rank of the first
            relevant one, 0 beyond k. `ndcg`: gain of the grades, discounted by log2 (Järvelin, Kekäläinen 2002), over
            that of the best possible order.
        k: Ranks that count: of different documents, or of chunks where these are labelled.

    Raises:
        UsageError: `k` is not from 1 to 100.
    """
    if not 1 <= k <= MOST_RANKS:
        raise UsageError(f"k={k}", why=f"from 1 to {MOST_RANKS} ranks can count")
    rule = _RULES[measure]
    made = []
    for question in questions:
        found = retriever.search(
            question.question, limit=k * _CHUNKS_A_DOCUMENT, where=question.where or None, reader=question.reader
        )
        made.append(rule(_gains(found, question, k), question.grades, k))
    return np.array(made, dtype=np.float64)


def quality(values: Floats, name: str) -> Quality:
    """The mean of (n_questions,) values, with a bootstrap interval over questions."""
    return _said(bootstrap_interval(_mean, values, values, rng=np.random.default_rng(_SEED)), name)


def gain(values: Floats, other: Floats, name: str) -> Quality:
    """How much the mean of `values` is above `other`'s, on the same questions, with a paired bootstrap interval."""
    return _said(bootstrap_difference(_mean, values, (values, other), rng=np.random.default_rng(_SEED)), name)


def _gains(found: Sequence[Passage], question: Labelled, k: int) -> list[float]:
    """The grade at each rank; chunks of one document share the first one's unless chunks themselves are labelled."""
    names = dict.fromkeys(passage.id if question.by_chunk else passage.document for passage in found)
    return [question.grades.get(name, 0.0) for name in list(names)[:k]]


def _recall(gains: Sequence[float], grades: Mapping[str, float], k: int) -> float:  # noqa: ARG001
    return sum(gain > 0 for gain in gains) / len(grades)


def _reciprocal_rank(gains: Sequence[float], grades: Mapping[str, float], k: int) -> float:  # noqa: ARG001
    return next((1.0 / rank for rank, gain in enumerate(gains, start=1) if gain > 0), 0.0)


def _ndcg(gains: Sequence[float], grades: Mapping[str, float], k: int) -> float:
    best = sorted(grades.values(), reverse=True)[:k]
    return _discounted(gains) / _discounted(best)


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


_RULES: dict[Measure, Callable[[Sequence[float], Mapping[str, float], int], float]] = {
    "recall": _recall,
    "mrr": _reciprocal_rank,
    "ndcg": _ndcg,
}


def _mean(label: AnyArray, score: Floats) -> float:  # noqa: ARG001 - the form of a metric
    return float(score.mean())


def _said(interval: Interval, name: str) -> Quality:
    # One question has no spread to resample: its interval would have no width.
    known = interval.known and interval.n > 1
    return Quality(
        measure=name, value=interval.value, low=interval.low if known else None, high=interval.high if known else None,
        n=interval.n, level=interval.level,
    )  # fmt: skip
