"""Two versions on the same cases: who did better, by how much, and on which cases."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from loopwright.core.hashing import Digest
from loopwright.errors import UsageError
from loopwright.evals.result import EvaluationResult, Judged, Range
from loopwright.evals.score import Score
from loopwright.evals.summary import as_range, figures, shares_passed
from loopwright.stats.resampled_means import mean_interval, share_difference, sign_test

_SEED = 20_261


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """A case on which the versions differ: the share of its repeats that passed, for each."""

    case: str
    question: str
    first: float
    second: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One scorer, the first version less the second, over the cases that both have a verdict on.

    Attributes:
        scorer: Its name.
        wins: Cases on which the first passed more often.
        losses: On which the second did.
        ties: On which they are even.
        rate: Difference of the pass rates, with Bonett and Price's interval for pairs.
        mean: Difference of the scorer's figures, with a bootstrap interval over cases.
        p_value: McNemar's exact test, two-sided.
        flips: The cases that differ, losses first.
    """

    scorer: str
    wins: int
    losses: int
    ties: int
    rate: Range
    mean: Range
    p_value: float
    flips: tuple[Flip, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All scorers that both results have. `left_out` counts, by scorer, cases without a verdict on one of the sides."""

    first: Digest
    second: Digest
    cases: Digest
    differences: tuple[Difference, ...]
    left_out: Mapping[str, int] = {}


def compare(first: EvaluationResult, second: EvaluationResult, *, level: float = 0.95) -> Comparison:
    """Compare two results on one set of cases.

    Raises:
        UsageError: They are of different cases, or a scorer has changed between them, so that nothing can be said.
    """
    if first.cases != second.cases:
        raise UsageError(
            "the two results are of different cases", why=f"{first.cases[:12]} and {second.cases[:12]}",
            fix="Run the same evaluation for both versions.",
        )  # fmt: skip
    names = _shared_scorers(first, second)
    differences = tuple(difference(first, second, name, level=level) for name in names)
    asked = len({row.case for row in first.rows} | {row.case for row in second.rows})
    left_out = {one.scorer: asked - one.rate.n for one in differences}
    return Comparison(
        first=first.version, second=second.version, cases=first.cases, differences=differences, left_out=left_out
    )


def difference(first: EvaluationResult, second: EvaluationResult, scorer: str, *, level: float = 0.95) -> Difference:
    """One scorer's difference; see `Difference`. Unknown where no case has a verdict on both sides."""
    here, there = scored(first, scorer), scored(second, scorer)
    shares = shares_passed(here), shares_passed(there)
    both = [case for case in shares[0] if case in shares[1]]
    apart = np.array([shares[0][case] - shares[1][case] for case in both], dtype=np.float64)
    wins, losses = int((apart > 0).sum()), int((apart < 0).sum())
    values = figures(here), figures(there)
    moved = np.array([values[0][case] - values[1][case] for case in values[0] if case in values[1]], dtype=np.float64)
    questions = {row.case: row.question for row in first.rows}
    flips = [
        Flip(case=case, question=questions.get(case, ""), first=shares[0][case], second=shares[1][case])
        for case in sorted(both, key=lambda case: (shares[0][case] - shares[1][case], case))
        if shares[0][case] != shares[1][case]
    ]
    return Difference(
        scorer=scorer,
        wins=wins,
        losses=losses,
        ties=len(both) - wins - losses,
        rate=as_range(share_difference(apart, level)),
        mean=as_range(mean_interval(moved, rng=np.random.default_rng(_SEED), level=level)),
        p_value=sign_test(wins, losses),
        flips=tuple(flips),
    )


def scored(result: EvaluationResult, scorer: str) -> Sequence[tuple[Judged, Score]]:
    """The rows with that scorer's scores."""
    names = [summary.scorer for summary in result.summaries]
    if scorer not in names:
        return []
    at = names.index(scorer)
    return [(row, row.scores[at]) for row in result.rows]


def _shared_scorers(first: EvaluationResult, second: EvaluationResult) -> list[str]:
    digests = [{str(one["scorer"]): one["digest"] for one in result.scorers} for result in (first, second)]
    names = [name for name in digests[0] if name in digests[1]]
    if not names:
        raise UsageError("the two results have no scorer in common")
    if changed := [name for name in names if digests[0][name] != digests[1][name]]:
        raise UsageError(
            f"the scorer {changed[0]!r} is another one in each result", why="its rule, judge or prompt changed",
            fix="Run the evaluation again for the older version; its answers are kept.",
        )  # fmt: skip
    return names
