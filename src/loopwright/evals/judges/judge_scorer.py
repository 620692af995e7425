"""What all scorers that ask a judge have in common: pinning, repeats, majority, three outcomes."""

import dataclasses
import math
from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, Self

import msgspec

from loopwright.core.hashing import Digest, digest_value
from loopwright.errors import PromptError, UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.asking import Said, T, ask_judge
from loopwright.evals.judges.judge import Judge, JudgeAsk
from loopwright.evals.judges.material import Text, fenced
from loopwright.evals.score import Score, Verdicts
from loopwright.evals.scorer import Scorer
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route

_LONGEST = 1000


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What one asking gave; `value` is None where there is no verdict."""

    value: float | None
    words: str = ""
    cost_usd: float = 0.0
    unpriced: int = 0
    details: dict[str, Any] = {}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """How a judge is asked.

    Attributes:
        route: Its model: name one version of it, not an alias that moves.
        at_least: The figure from which an answer passes.
        repeats: How often each answer is judged; the majority decides.
    """

    route: Route
    at_least: float
    repeats: int = 1

    def __post_init__(self) -> None:
        if self.repeats < 1 or not math.isfinite(self.at_least):
            raise UsageError("a judge is asked at least once, and its bound is a number")


class JudgeScorer(Scorer):
    """A scorer with a judge. Subclasses are frozen dataclasses with `name`, `pinned`, `judge`, and their prompts.

    It has to be given what asks, by `asking`; until then it has no verdict. The digest is of everything else.

    Attributes of classes:
        kind: What it is, with a number that changes with its rule.
        askings: How many questions it asks to judge an answer once.
    """

    kind: ClassVar[str]
    askings: ClassVar[int] = 1
    costs = True
    pinned: Pinned
    judge: Judge | None

    @property
    def digest(self) -> Digest:
        return digest_value([self.kind, self.settings()])

    def settings(self) -> dict[str, Any]:
        """Everything that could change a score, as JSON: models by their route, prompts by their digest."""
        fields = [field.name for field in dataclasses.fields(self) if field.name != "judge"]  # type: ignore[arg-type]
        return {name: _plain(getattr(self, name)) for name in fields}

    def describe(self) -> dict[str, Any]:
        models = [upstream.model for upstream in self.pinned.route.upstreams]
        return {
            "scorer": self.name, "costs": True, "kind": self.kind, "judge": models, "at_least": self.pinned.at_least,
            "repeats": self.pinned.repeats,
        }  # fmt: skip

    def asking(self, judge: Judge) -> Self:
        """The same scorer with what asks its model."""
        return dataclasses.replace(self, judge=judge)  # type: ignore[type-var]

    async def score(self, case: Case, answer: Answer) -> Score:
        if answer.error:
            return self._unjudged(f"there is no answer: {answer.why or answer.error}")
        if self.judge is None:
            return self._unjudged("nothing was given that asks the judge")
        if missing := self.missing(case, answer):
            return self._unjudged(missing)
        opinions = []
        for _ in range(self.pinned.repeats):
            try:
                opinions.append(await self.opinion(case, answer, self.judge))
            except PromptError as error:
                opinions.append(Opinion(value=None, words=f"{error.what}. {error.why}"))
        return self._together(opinions)

    def missing(self, case: Case, answer: Answer) -> str:  # noqa: ARG002 - subclasses use it
        """What the case or the answer lacks to be judged; empty where nothing."""
        return ""

    @abstractmethod
    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        """Ask once."""

    async def said(
        self, judge: Judge, prompt: Prompt, texts: Sequence[Text], *, form: type[T], sound: Any = None, **values: str
    ) -> Said[T]:
        """Show the judge these texts under a prompt, and read its answer."""
        fence = judge.fence()
        messages = prompt.render({"fence": fence, "material": fenced(texts, fence), **values})
        asked = JudgeAsk(
            route=self.pinned.route,
            messages=messages,
            schema=_schema(form),
            name=form.__name__.lower(),
            parameters=prompt.parameters,
        )
        return await ask_judge(judge, asked, form=form, sound=sound)

    def _together(self, opinions: Sequence[Opinion]) -> Score:
        """The majority of all askings: without one there is no verdict."""
        known = [opinion.value for opinion in opinions if opinion.value is not None]
        passed = sum(map(self._passes, known))
        votes = {"pass": passed, "fail": len(known) - passed, "no_verdict": len(opinions) - len(known)}
        word = next((word for word, count in votes.items() if count * 2 > len(opinions)), "no_verdict")
        silent = next((one.words for one in opinions if one.value is None), "")
        details = {**opinions[0].details, "votes": votes, "words": [one.words[:_LONGEST] for one in opinions]}
        if unpriced := sum(one.unpriced for one in opinions):
            details["unpriced"] = unpriced
        cost = sum(one.cost_usd for one in opinions)
        if word == "no_verdict":
            split = f"the judge is divided: {votes['pass']} pass, {votes['fail']} fail"
            return self._unjudged(split if len(known) == len(opinions) else silent, cost_usd=cost, details=details)
        if len(known) > 1:
            details["spread"] = max(known) - min(known)
        side: Verdicts = "pass" if word == "pass" else "fail"
        reasons = [
            one.words for one in opinions if one.value is not None and self._passes(one.value) == (word == "pass")
        ]
        value, reason = sum(known) / len(known), reasons[0][:_LONGEST]
        return Score(scorer=self.name, verdict=side, value=value, reason=reason, details=details, cost_usd=cost)

    def _passes(self, value: float) -> bool:
        return value >= self.pinned.at_least

    def _unjudged(self, reason: str, **more: Any) -> Score:
        return Score(scorer=self.name, verdict="no_verdict", reason=reason[:_LONGEST], **more)


def bound(scorers: Sequence[Scorer], judge: Judge) -> tuple[Scorer, ...]:
    """The scorers, those that ask a judge with what asks it."""
    return tuple(one.asking(judge) if isinstance(one, JudgeScorer) else one for one in scorers)


def no_opinion(said: Said[Any]) -> Opinion:
    """Where the judge gave nothing."""
    return Opinion(value=None, words=said.why, cost_usd=said.cost_usd, unpriced=said.unpriced)


@cache
def _schema(form: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a form; working it out takes longer than reading an answer."""
    return msgspec.json.schema(form)


def share_of(good: Sequence[bool]) -> float:
    """The share that is good; there is at least one."""
    return sum(good) / len(good)


def _plain(value: Any) -> Any:
    if isinstance(value, Pinned):
        return {"route": msgspec.to_builtins(value.route), "at_least": value.at_least, "repeats": value.repeats}
    return getattr(value, "digest", value)
