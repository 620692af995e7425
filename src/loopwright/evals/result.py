"""What an evaluation found: every answer with its scores, and the figures over them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.core.hashing import Digest
from loopwright.evals.answer import Answer
from loopwright.evals.score import Score

FORM = 1
"""Of the stored result; a greater one is of a newer version."""


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """A figure and the range that holds the truth with the result's level; None is unknown.

    Attributes:
        value: The figure.
        low: The lower end.
        high: The upper end.
        n: Cases that it rests on.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to one case, with what every scorer says of it, in the scorers' order.

    Attributes:
        case: The case's id.
        repeat: Which of several answers to it, from 0.
        answer: What was answered.
        scores: One for each scorer.
        tags: The case's.
        question: The case's last question.
    """

    case: str
    repeat: int
    answer: Answer
    scores: tuple[Score, ...]
    tags: tuple[str, ...] = ()
    question: str = ""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One scorer over all cases.

    The rate is the mean over cases of the share of their judged repeats that passed, with Wilson's interval on the
    number of cases: repeats of a case are no further cases. The mean is of the scorer's figures, averaged within each
    case, with a bootstrap interval over cases.

    Attributes:
        scorer: Its name.
        passed: Answers.
        failed: Answers.
        no_verdict: Answers that are in no figure.
        rate: Pass rate.
        mean: Mean figure.
        tags: Pass rate by tag.
        unjudged: How often each reason for no verdict was given, the most frequent first.
    """

    scorer: str
    passed: int
    failed: int
    no_verdict: int
    rate: Range
    mean: Range
    tags: Mapping[str, Range] = {}
    unjudged: Mapping[str, int] = {}

    @property
    def judged(self) -> int:
        """Answers with a verdict."""
        return self.passed + self.failed

    @property
    def unjudged_share(self) -> float:
        """The share of answers without a verdict; 1 where there are none at all."""
        asked = self.judged + self.no_verdict
        return self.no_verdict / asked if asked else 1.0


class EvaluationResult(msgspec.Struct, frozen=True, kw_only=True):
    """One version, judged on one set of cases.

    Attributes:
        version: What answered.
        cases: Digest of the set.
        name: The set's name.
        scorers: What each scorer is, as it describes itself, with its digest.
        repeats: Answers asked for each case.
        rows: By case and repeat, in the order of the set.
        summaries: One for each scorer.
        errors: How often each error came instead of an answer, by its code.
        asked: Answers that were asked for now.
        kept: Answers that were there from before.
        cost_usd: What the answers cost that have a price, those kept among them.
        unpriced: Answers whose cost nobody knows.
        judging_usd: What the scores cost.
        level: Of the intervals.
        form: Of this value.
    """

    version: Digest
    cases: Digest
    name: str
    scorers: tuple[Mapping[str, Any], ...]
    repeats: int
    rows: tuple[Judged, ...]
    summaries: tuple[Summary, ...]
    errors: Mapping[str, int] = {}
    asked: int = 0
    kept: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    judging_usd: float = 0.0
    level: float = 0.95
    form: int = FORM

    def summary(self, scorer: str) -> Summary | None:
        """That scorer's figures."""
        return next((summary for summary in self.summaries if summary.scorer == scorer), None)
