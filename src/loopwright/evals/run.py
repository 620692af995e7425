"""Running an evaluation: every case is answered and every answer scored, several at a time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from loopwright.core.hashing import Digest
from loopwright.errors import InternalError, UsageError
from loopwright.evals.answer import Answer, Subject
from loopwright.evals.case import Case, Cases
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.result import EvaluationResult, Judged
from loopwright.evals.score import Score
from loopwright.evals.scorer import Scorer
from loopwright.evals.summary import summaries

_LONGEST = 300


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run has come.

    Attributes:
        done: Answers with their scores.
        of: How many there will be.
        errors: Answers that are none.
        spent_usd: What was paid in this run, as far as prices are known.
    """

    done: int
    of: int
    errors: int
    spent_usd: float


OnProgress = Callable[[Progress], None]


async def run_evaluation(
    subject: Subject,
    cases: Cases,
    scorers: Sequence[Scorer],
    *,
    repeats: int = 1,
    concurrency: int = 8,
    kept: KeptAnswers | None = None,
    on_progress: OnProgress | None = None,
) -> EvaluationResult:
    """Answer and score every case.

    What is kept is not asked again, so that a run which died goes on where it stopped. A subject or a scorer that
    raises, which it should not, gives an error or no verdict, never a stop.

    Args:
        subject: What answers.
        cases: What is asked.
        scorers: What judges, each under a name of its own.
        repeats: Answers to each case.
        concurrency: Cases under way at a time.
        kept: Answers and scores from before, and the place for new ones; None: nothing is kept.
        on_progress: Called after each answer.

    Raises:
        UsageError: Two scorers have one name, there is nothing to do, or a number is below 1.
        StoreBusyError, NoSpaceError, NoPermissionError: What was answered could not be kept.
    """
    _refuse_odd(scorers, repeats=repeats, concurrency=concurrency)
    if not cases.cases:
        raise UsageError("there are no cases")
    asked = [(case, repeat) for case in cases.cases for repeat in range(repeats)]
    run = _Run(subject, scorers, kept=kept, on_progress=on_progress, of=len(asked))
    known = kept.answers(subject.version, asked) if kept is not None else {}
    places = iter(range(len(asked)))
    rows: list[Judged | None] = [None] * len(asked)

    async def work() -> None:
        for place in places:
            case, repeat = asked[place]
            rows[place] = await run.judged(case, repeat, known=known.get((case.id, repeat)))

    workers = [asyncio.ensure_future(work()) for _ in range(min(concurrency, len(asked)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if kept is not None:
            kept.flush()
    done = tuple(row for row in rows if row is not None)
    return evaluation_result(subject.version, cases, scorers, rows=done, repeats=repeats)


def evaluation_result(
    version: Digest, cases: Cases, scorers: Sequence[Scorer], *, rows: tuple[Judged, ...], repeats: int
) -> EvaluationResult:
    """The figures over rows that are there."""
    answers = [row.answer for row in rows]
    paid = [score.cost_usd for row in rows for score in row.scores]
    return EvaluationResult(
        version=version,
        cases=cases.digest,
        name=cases.name,
        scorers=tuple({**scorer.describe(), "digest": scorer.digest} for scorer in scorers),
        repeats=repeats,
        rows=rows,
        summaries=summaries([scorer.name for scorer in scorers], rows),
        errors=dict(Counter(answer.error for answer in answers if answer.error).most_common()),
        asked=sum(not answer.cached for answer in answers),
        kept=sum(answer.cached for answer in answers),
        cost_usd=sum(answer.cost_usd for answer in answers if answer.cost_usd is not None),
        unpriced=sum(answer.cost_usd is None and not answer.error for answer in answers),
        judging_usd=sum(paid),
    )


class _Run:
    """What the workers of one run share."""

    def __init__(
        self, subject: Subject, scorers: Sequence[Scorer], *, kept: KeptAnswers | None, on_progress: OnProgress | None,
        of: int,
    ) -> None:  # fmt: skip
        self._subject = subject
        self._version = subject.version
        self._scorers = scorers
        self._costly = [scorer for scorer in scorers if scorer.costs]
        self._kept = kept
        self._on_progress = on_progress
        self._progress = Progress(done=0, of=of, errors=0, spent_usd=0.0)

    async def judged(self, case: Case, repeat: int, *, known: Answer | None) -> Judged:
        answer = known if known is not None else await self._asked(case, repeat)
        before = self._kept.scores(case, answer, self._costly) if self._kept is not None and self._costly else {}
        scores = []
        for scorer in self._scorers:
            score = before.get(scorer.name)
            if score is None:
                score = await self._scored(scorer, case, answer)
            scores.append(score)
        self._say(answer, [score for score in scores if score.scorer not in before])
        question = case.question[:_LONGEST]
        return Judged(
            case=case.id, repeat=repeat, answer=answer, scores=tuple(scores), tags=case.tags, question=question
        )

    async def _asked(self, case: Case, repeat: int) -> Answer:
        try:
            answer = await self._subject.respond(case, repeat=repeat)
        except Exception as error:  # noqa: BLE001 - boundary: a subject may be anybody's code; the answer records it
            answer = Answer(error=InternalError.code, why=f"{type(error).__name__}: {error}"[:_LONGEST])
        if self._kept is not None:
            self._kept.keep_answer(self._version, case, answer, repeat=repeat)
        return answer

    async def _scored(self, scorer: Scorer, case: Case, answer: Answer) -> Score:
        try:
            score = await scorer.score(case, answer)
        except Exception as error:  # noqa: BLE001 - boundary: a scorer may be the user's code; the score records it
            why = f"the scorer crashed: {type(error).__name__}: {error}"[:_LONGEST]
            return Score(scorer=scorer.name, verdict="no_verdict", reason=why)
        if self._kept is not None and scorer.costs:
            self._kept.keep_score(case, answer, scorer=scorer, score=score)
        return score

    def _say(self, answer: Answer, scores: Sequence[Score]) -> None:
        paid = 0.0 if answer.cached else answer.cost_usd or 0.0
        last = self._progress
        self._progress = Progress(
            done=last.done + 1,
            of=last.of,
            errors=last.errors + bool(answer.error),
            spent_usd=last.spent_usd + paid + sum(score.cost_usd for score in scores),
        )
        if self._on_progress is not None:
            self._on_progress(self._progress)


def _refuse_odd(scorers: Sequence[Scorer], *, repeats: int, concurrency: int) -> None:
    names = [scorer.name for scorer in scorers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"two scorers are called {twice[0]!r}", fix="Give one of them another name=….")
    if not names:
        raise UsageError("an evaluation needs a scorer", fix="Add lw.evals.contains(), for example.")
    if repeats < 1 or concurrency < 1:
        raise UsageError("repeats and concurrency are at least 1", why=f"they are {repeats} and {concurrency}")
