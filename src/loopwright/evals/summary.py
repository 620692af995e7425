"""The figures over an evaluation's answers."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from loopwright.evals.result import Judged, Range, Summary
from loopwright.evals.score import Score
from loopwright.stats.intervals import Interval, wilson
from loopwright.stats.resampled_means import mean_interval

_SEED = 20_260
_MOST_REASONS = 10
_MOST_TAGS = 200


def summaries(scorers: Sequence[str], rows: Sequence[Judged], *, level: float = 0.95) -> tuple[Summary, ...]:
    """One summary for each scorer; the same rows give the same figures."""
    return tuple(_summary(scorer, [(row, row.scores[at]) for row in rows], level) for at, scorer in enumerate(scorers))


def shares_passed(scored: Sequence[tuple[Judged, Score]]) -> dict[str, float]:
    """By case, the share of its judged repeats that passed; cases without a verdict are left out."""
    by_case: dict[str, list[float]] = {}
    for row, score in scored:
        if score.verdict != "no_verdict":
            by_case.setdefault(row.case, []).append(1.0 if score.verdict == "pass" else 0.0)
    return {case: sum(found) / len(found) for case, found in by_case.items()}


def figures(scored: Sequence[tuple[Judged, Score]]) -> dict[str, float]:
    """By case, the mean of its judged repeats' figures."""
    by_case: dict[str, list[float]] = {}
    for row, score in scored:
        if score.verdict != "no_verdict" and score.value is not None:
            by_case.setdefault(row.case, []).append(score.value)
    return {case: sum(found) / len(found) for case, found in by_case.items()}


def as_range(interval: Interval) -> Range:
    """The interval with None for what is not known."""
    value, low, high = (
        float(one) if np.isfinite(one) else None for one in (interval.value, interval.low, interval.high)
    )
    return Range(value=value, low=low, high=high, n=interval.n)


def _summary(scorer: str, scored: Sequence[tuple[Judged, Score]], level: float) -> Summary:
    verdicts = Counter(score.verdict for _, score in scored)
    reasons = Counter(score.reason or "no reason given" for _, score in scored if score.verdict == "no_verdict")
    values = np.array(list(figures(scored).values()), dtype=np.float64)
    return Summary(
        scorer=scorer,
        passed=verdicts["pass"],
        failed=verdicts["fail"],
        no_verdict=verdicts["no_verdict"],
        rate=_rate(list(shares_passed(scored).values()), level),
        mean=as_range(mean_interval(values, rng=np.random.default_rng(_SEED), level=level)),
        tags=_by_tag(scored, level),
        unjudged=dict(reasons.most_common(_MOST_REASONS)),
    )


def _by_tag(scored: Sequence[tuple[Judged, Score]], level: float) -> Mapping[str, Range]:
    groups: dict[str, list[tuple[Judged, Score]]] = {}
    for row, score in scored:
        for tag in row.tags:
            groups.setdefault(tag, []).append((row, score))
    return {tag: _rate(list(shares_passed(groups[tag]).values()), level) for tag in sorted(groups)[:_MOST_TAGS]}


def _rate(shares: Sequence[float], level: float) -> Range:
    """Wilson's interval on the number of cases. A share of repeats varies less than one answer would, so the interval
    is wider than it need be, never narrower."""
    n = len(shares)
    if n == 0:
        return Range()
    total = sum(shares)
    span = wilson(total if total not in (0.0, float(n)) else round(total), n, level)  # type: ignore[arg-type]
    return as_range(span)
