"""How often a semantic cache answers, and how often wrongly, by threshold; and the threshold that may be used."""

from collections.abc import Sequence
from math import ceil, log

import msgspec
import numpy as np

from loopwright.llm.cache.doubts import doubts_about
from loopwright.llm.cache.doubts.reading import read
from loopwright.llm.cache.pairs import LabelledPair
from loopwright.llm.cache.trials import CacheTrial
from loopwright.llm.embedder import Embedder
from loopwright.stats.intervals import Interval, clopper_pearson, wilson

PAIR_THRESHOLDS = tuple(round(0.50 + 0.01 * step, 2) for step in range(50))
TRAFFIC_THRESHOLDS = tuple(round(0.70 + 0.03 * step, 2) for step in range(10))
SURE = 0.95
"""Probability with which the stated share of false hits holds."""
_HITS_KEPT = 0.95


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Two questions as the cache sees them, and the truth.

    Attributes:
        similarity: Cosine.
        doubted: Whether any doubt refuses the hit.
        same: Whether one answer serves both.
        kind: Of the pair.
    """

    similarity: float
    doubted: bool
    same: bool
    kind: str = ""


class AtThreshold(msgspec.Struct, frozen=True, kw_only=True):
    """What a threshold does.

    Attributes:
        threshold: Cosine.
        hits: Share of the questions that could be answered which are: of pairs that are the same, or of all questions
            of the traffic.
        false_hits: Share of false ones: among pairs that differ, or among the hits of the traffic.
        at_most: What that share is at most, with the probability `SURE`.
        hits_without_doubts: The first share, if similarity alone decided.
        false_without_doubts: The second share, if similarity alone decided.
    """

    threshold: float
    hits: Interval
    false_hits: Interval
    at_most: float
    hits_without_doubts: float
    false_without_doubts: float


def judge_pairs(pairs: Sequence[LabelledPair], embedder: Embedder) -> tuple[Judged, ...]:
    """Look at labelled pairs as the cache would. Raises as the embedder."""
    ones, others = embedder.embed([pair.one for pair in pairs]), embedder.embed([pair.other for pair in pairs])
    return tuple(
        Judged(
            similarity=float(one @ other), doubted=bool(doubts_about(read(pair.one), read(pair.other))),
            same=pair.same, kind=pair.kind,
        )
        for pair, one, other in zip(pairs, ones, others, strict=True)
    )  # fmt: skip


def judge_trials(trials: Sequence[CacheTrial], *, alike: float) -> tuple[Judged, ...]:
    """What happened in shadow: two answers are taken for the same where the texts are equal, or where their cosine is
    at least `alike` and neither number, unit, date, negation nor language tells them apart.

    This is a substitute for a person's judgement: two answers of one model to one question differ too, and two that
    sound alike may differ in what matters.
    """
    return tuple(
        Judged(
            similarity=trial.similarity if trial.similarity is not None else -1.0, doubted=bool(trial.doubts),
            same=bool(trial.same_answer) or ((trial.answers_alike or 0.0) >= alike and not trial.answer_doubts),
        )
        for trial in trials
    )  # fmt: skip


def on_pairs(judged: Sequence[Judged], *, thresholds: Sequence[float] = PAIR_THRESHOLDS) -> tuple[AtThreshold, ...]:
    """The table of labelled pairs, the lowest threshold first."""
    same, different = [one for one in judged if one.same], [one for one in judged if not one.same]
    return tuple(
        _row(
            threshold, hits=(_hits(same, threshold), len(same)), false=(_hits(different, threshold), len(different)),
            plain=(_alike(same, threshold) / max(1, len(same)), _alike(different, threshold) / max(1, len(different))),
            unsure=1.0 - SURE,
        )
        for threshold in thresholds
    )  # fmt: skip


def on_traffic(
    judged: Sequence[Judged], *, thresholds: Sequence[float] = TRAFFIC_THRESHOLDS
) -> tuple[AtThreshold, ...]:
    """The table of traffic, the lowest threshold first. The bounds hold for all thresholds together (Bonferroni)."""
    different = [one for one in judged if not one.same]
    rows = []
    for threshold in thresholds:
        hits, alike = _hits(judged, threshold), _alike(judged, threshold)
        plain = (alike / max(1, len(judged)), _alike(different, threshold) / max(1, alike))
        false = (_hits(different, threshold), hits)
        rows.append(
            _row(threshold, hits=(hits, len(judged)), false=false, plain=plain, unsure=(1.0 - SURE) / len(thresholds))
        )
    return tuple(rows)


def chosen(rows: Sequence[AtThreshold], *, at_most: float, from_strictest: bool) -> AtThreshold | None:
    """The threshold to use, None where none may be.

    Of those whose share of false hits is surely at most `at_most`, the highest that keeps 95 % of the hits of the
    lowest: what no pair showed is likelier among questions that are less alike.

    Args:
        rows: The lowest threshold first.
        at_most: Share of false hits.
        from_strictest: Begin with the highest threshold and stop at the first that fails; then one bound after the
            other may be looked at without a correction for their number (fixed-sequence testing). For pairs, whose
            number is the same at each threshold.
    """
    allowed: list[AtThreshold] = []
    for row in reversed(rows):
        if row.at_most <= at_most:
            allowed.append(row)
        elif from_strictest:
            break
    most = max((row.hits.value for row in allowed), default=0.0)
    good = [row for row in allowed if row.hits.value >= _HITS_KEPT * most]
    return max(good, key=lambda row: row.threshold) if good and most > 0 else None


def needed(at_most: float, *, unsure: float = 1.0 - SURE) -> int:
    """How many cases without a single false hit it takes to state a share."""
    return ceil(log(unsure) / log(1.0 - at_most))


def _row(
    threshold: float, *, hits: tuple[int, int], false: tuple[int, int], plain: tuple[float, float], unsure: float
) -> AtThreshold:
    interval = clopper_pearson(*false)
    bound = clopper_pearson(*false, level=1.0 - 2.0 * unsure).high
    return AtThreshold(
        threshold=threshold, hits=wilson(*hits), false_hits=interval, at_most=1.0 if np.isnan(bound) else bound,
        hits_without_doubts=plain[0], false_without_doubts=plain[1],
    )  # fmt: skip


def _hits(judged: Sequence[Judged], threshold: float) -> int:
    return sum(one.similarity >= threshold and not one.doubted for one in judged)


def _alike(judged: Sequence[Judged], threshold: float) -> int:
    return sum(one.similarity >= threshold for one in judged)
