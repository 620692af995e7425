"""Citations that say what they are cited for."""

import re
from dataclasses import dataclass
from typing import ClassVar

from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.faithfulness import Supports, in_order
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import JudgeScorer, Opinion, Pinned, no_opinion, share_of
from loopwright.evals.judges.material import Text, judge_prompt
from loopwright.evals.judges.sentences import sentences
from loopwright.evals.scorers.citations import cited
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.retriever import Passage
from loopwright.llm.route import Route

_MARKS_AFTER = re.compile(r"([.!?])[ \t]*(\[[^\[\]\n]{1,200}\](?:[ \t]*\[[^\[\]\n]{1,200}\])*)(?!\()(?=\s|$)")
_PROMPT = judge_prompt(
    "judge-citations",
    task="Say of each numbered claim whether its source says it: true if the claim can be directly inferred from the "
    "source that is shown with it, false if not, however plausible it is.",
    answer='{"verdicts": [{"statement": 1, "reasoning": "short", "supported": true or false}, …]}, with one entry for '
    "every claim, in their order",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationSupport(JudgeScorer):
    """See `citation_support`."""

    kind: ClassVar[str] = "citation_support/1"
    name: str
    pinned: Pinned
    prompt: Prompt
    judge: Judge | None = None

    def missing(self, case: Case, answer: Answer) -> str:  # noqa: ARG002 - the seam's form
        if not answer.passages:
            return "the answer was given no passages"
        return "" if cited(answer.text) else "the answer cites nothing"

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:  # noqa: ARG002 - the seam's form
        known = _by_mark(answer.passages)
        claims = [sentence for sentence in sentences(_marks_inside(answer.text)) if cited(sentence)]
        sources = [[known[mark] for mark in cited(claim) if mark in known] for claim in claims]
        shown = [claim for claim, passages in zip(claims, sources, strict=True) if passages]
        if not shown:
            return Opinion(value=0.0, words="it cites nothing that it was given")
        texts = [
            text
            for number, (claim, passages) in enumerate(((c, s) for c, s in zip(claims, sources, strict=True) if s), 1)
            for text in (
                Text(f"Claim {number}", claim), Text(f"Source of claim {number}", "\n\n".join(p.text for p in passages))
            )
        ]  # fmt: skip
        said = await self.said(judge, self.prompt, texts, form=Supports, sound=in_order(len(shown)))
        if said.value is None:
            return no_opinion(said)
        found = iter(one.supported for one in said.value.verdicts)
        good = [bool(passages) and next(found) for passages in sources]
        wrong = [claim for claim, right in zip(claims, good, strict=True) if not right]
        words = f"its source does not say: {wrong[0]}" if wrong else "every source says what it is cited for"
        details = {"unsupported": wrong}
        return Opinion(
            value=share_of(good), words=words, cost_usd=said.cost_usd, unpriced=said.unpriced, details=details
        )


def citation_support(
    *, judge: Route, at_least: float = 0.9, repeats: int = 1, prompt: Prompt | None = None,
    name: str = "citation_support",
) -> CitationSupport:  # fmt: skip
    """The share of sentences with a citation whose cited passages say what the sentence says; a sentence that cites a
    passage which was not given counts as one that is not supported. An answer without citations has no verdict: ask for
    them with `citations`.

    Args:
        judge: The model.
        at_least: The share from which an answer passes.
        repeats: How often each answer is judged.
        prompt: Another prompt, with the variables `fence` and `material`.
        name: As reports call it.
    """
    pinned = Pinned(route=judge, at_least=at_least, repeats=repeats)
    return CitationSupport(name=name, pinned=pinned, prompt=prompt or _PROMPT)


def _marks_inside(text: str) -> str:
    """The text with marks that follow the end of a sentence, as in "So it is. [1]", before that end."""
    return _MARKS_AFTER.sub(r" \2\1 ", text)


def _by_mark(passages: tuple[Passage, ...]) -> dict[str, Passage]:
    known: dict[str, Passage] = {}
    for number, passage in enumerate(passages, start=1):
        known.update({passage.document: passage, passage.id: passage, str(number): passage})
    return known
