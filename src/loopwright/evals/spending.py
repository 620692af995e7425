"""A limit of money on one run: subjects and judges that stop asking when it is reached."""

import math

from loopwright.core.hashing import Digest
from loopwright.errors import BudgetExceededError, PriceUnknownError, UsageError
from loopwright.evals.answer import Answer, Subject
from loopwright.evals.case import Case
from loopwright.evals.judges.judge import Judge, JudgeAsk, JudgeReply


class Spending:
    """What a run has spent, and may. For one event loop.

    Calls that are under way when the limit is reached are finished and counted: the limit can be passed by what these
    cost. After a call whose price nobody knows no further one is made.

    Args:
        most_usd: The limit.

    Raises:
        UsageError: It is no amount.
    """

    def __init__(self, most_usd: float) -> None:
        if not math.isfinite(most_usd) or most_usd < 0.0:
            raise UsageError(f"{most_usd} USD is no limit", fix="Write --limit-cost 2usd, for example.")
        self._most_usd = most_usd
        self._unpriced = False
        self.spent_usd = 0.0

    def admit(self) -> None:
        """Let one more call be made.

        Raises:
            BudgetExceededError: The limit is reached.
            PriceUnknownError: A call was made whose price nobody knows.
        """
        if self._unpriced:
            raise PriceUnknownError(
                "nobody knows what these calls cost, and the run has a limit",
                fix="Give the model a price with `loopwright price set`, or run without a limit.",
            )
        if self.spent_usd >= self._most_usd:
            raise BudgetExceededError(
                f"the run's limit of {self._most_usd:g} USD is reached", fix="Run again with a greater --limit-cost; "
                "what was answered is kept.",
            )  # fmt: skip

    def count(self, cost_usd: float | None) -> None:
        """Count a call that was made."""
        if cost_usd is None:
            self._unpriced = True
        else:
            self.spent_usd += cost_usd


class LimitedSubject:
    """A subject that asks no further once the money is spent; its answers are errors then."""

    def __init__(self, subject: Subject, spending: Spending) -> None:
        self._subject = subject
        self._spending = spending

    @property
    def version(self) -> Digest:
        """The subject's."""
        return self._subject.version

    async def respond(self, case: Case, *, repeat: int) -> Answer:
        """Its answer; see `Subject.respond`."""
        try:
            self._spending.admit()
        except (BudgetExceededError, PriceUnknownError) as error:
            return Answer(error=error.code, why=error.what)
        answer = await self._subject.respond(case, repeat=repeat)
        if not answer.error or answer.cost_usd is not None:
            self._spending.count(answer.cost_usd)
        return answer


class LimitedJudge(Judge):
    """A judge that asks no further once the money is spent."""

    def __init__(self, judge: Judge, spending: Spending) -> None:
        self._judge = judge
        self._spending = spending

    async def ask(self, asked: JudgeAsk) -> JudgeReply:
        self._spending.admit()
        reply = await self._judge.ask(asked)
        self._spending.count(reply.cost_usd)
        return reply

    def fence(self) -> str:
        return self._judge.fence()
