"""Faithfulness: the share of an answer's statements that its passages support (Es and others 2023, RAGAS)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import JudgeScorer, Opinion, Pinned, no_opinion, share_of
from loopwright.evals.judges.material import Text, judge_prompt
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.retriever import Passage
from loopwright.llm.route import Route

_MOST_STATEMENTS = 100
_STATEMENTS = judge_prompt(
    "judge-statements",
    task="Break the answer down into statements, each of which can be understood by itself: replace pronouns by what "
    "they stand for, keep the answer's claims as they are, right or wrong, and add none. An answer that claims nothing "
    "has none.",
    answer='{"statements": ["…", …]}',
)
_SUPPORTED = judge_prompt(
    "judge-support",
    task="Say of each numbered statement whether it can be directly inferred from the passages: true if so, false if "
    "it cannot, however plausible it is. Use the passages alone, never what you know.",
    answer='{"verdicts": [{"statement": 1, "reasoning": "short", "supported": true or false}, …]}, with one entry for '
    "every statement, in their order",
)


class Statements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer claims."""

    statements: list[str]


class Support(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether one statement is supported."""

    statement: int
    supported: bool
    reasoning: str = ""


class Supports(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of every statement."""

    verdicts: list[Support]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness(JudgeScorer):
    """See `faithfulness`."""

    kind: ClassVar[str] = "faithfulness/1"
    askings: ClassVar[int] = 2
    name: str
    pinned: Pinned
    statements: Prompt
    supported: Prompt
    judge: Judge | None = None

    def missing(self, case: Case, answer: Answer) -> str:  # noqa: ARG002 - the seam's form
        return "" if answer.passages else "the answer was given no passages"

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        texts = [Text("Question", case.question), Text("Answer", answer.text)]
        made = await self.said(judge, self.statements, texts, form=Statements, sound=_not_too_many)
        if made.value is None:
            return no_opinion(made)
        claims = made.value.statements
        if not claims:
            words = "the answer claims nothing"
            return Opinion(value=None, words=words, cost_usd=made.cost_usd, unpriced=made.unpriced)
        shown = [*passage_texts(answer.passages), *numbered("Statement", claims)]
        said = await self.said(judge, self.supported, shown, form=Supports, sound=in_order(len(claims)))
        cost, unpriced = made.cost_usd + said.cost_usd, made.unpriced + said.unpriced
        if said.value is None:
            return msgspec.structs.replace(no_opinion(said), cost_usd=cost, unpriced=unpriced)
        found = [one.supported for one in said.value.verdicts]
        unsupported = [claim for claim, good in zip(claims, found, strict=True) if not good]
        words = f"not in the passages: {unsupported[0]}" if unsupported else "every statement is in the passages"
        details = {"statements": claims, "unsupported": unsupported}
        return Opinion(value=share_of(found), words=words, cost_usd=cost, unpriced=unpriced, details=details)


def faithfulness(
    *, judge: Route, at_least: float = 0.8, repeats: int = 1, name: str = "faithfulness",
    statements: Prompt | None = None, supported: Prompt | None = None,
) -> Faithfulness:  # fmt: skip
    """The share of the answer's statements that can be inferred from the passages it was given, in two questions: which
    statements it makes, and which of them the passages support (the definition of RAGAS). An answer that claims nothing
    has no verdict.

    Args:
        judge: The model.
        at_least: The share from which an answer passes.
        repeats: How often each answer is judged.
        name: As reports call it.
        statements: Another prompt for the first question, with the variables `fence` and `material`.
        supported: Another one for the second.
    """
    pinned = Pinned(route=judge, at_least=at_least, repeats=repeats)
    first, second = statements or _STATEMENTS, supported or _SUPPORTED
    return Faithfulness(name=name, pinned=pinned, statements=first, supported=second)


def passage_texts(passages: tuple[Passage, ...]) -> list[Text]:
    """Passages as material. Their names are not shown: a document may be called anything."""
    return numbered("Passage", [passage.text for passage in passages])


def numbered(label: str, texts: list[str]) -> list[Text]:
    """Texts under a label and a number from 1."""
    return [Text(f"{label} {number}", text) for number, text in enumerate(texts, start=1)]


def in_order(n: int) -> Callable[[Supports], str]:
    """What says what is wrong where verdicts are not of statements 1 to n, in their order."""

    def wrong(said: Supports) -> str:
        numbers = [one.statement for one in said.verdicts]
        if numbers == list(range(1, n + 1)):
            return ""
        return f"there are {n} statements, and it gave verdicts of others"

    return wrong


def _not_too_many(said: Statements) -> str:
    return f"more than {_MOST_STATEMENTS} statements" if len(said.statements) > _MOST_STATEMENTS else ""
