"""A judge over a real socket, whose model follows the last instruction that it sees outside of marked lines."""

import re
from collections.abc import Callable

import httpx

from loopwright.core.ids import random_id
from loopwright.errors import UpstreamError
from loopwright.evals.answer import Answer
from loopwright.evals.judges.judge import Judge, JudgeAsk, JudgeReply
from loopwright.llm.retriever import Passage
from loopwright.llm.route import Route, Upstream
from loopwright.testing.upstream_answers import Question


class SocketJudge(Judge):
    """Asks the route's first upstream."""

    def __init__(self) -> None:
        self.asked: list[JudgeAsk] = []

    async def ask(self, asked: JudgeAsk) -> JudgeReply:
        self.asked.append(asked)
        upstream = asked.route.upstreams[0]
        body = {"model": upstream.model, "messages": list(asked.messages), **asked.parameters}
        async with httpx.AsyncClient(timeout=1.0) as client:
            try:
                answer = await client.post(f"{upstream.url}/chat/completions", json=body)
                answer.raise_for_status()
                return JudgeReply(text=answer.json()["choices"][0]["message"]["content"], cost_usd=0.001)
            except (httpx.HTTPError, ValueError) as error:
                raise UpstreamError(f"the upstream failed: {type(error).__name__}") from error

    def fence(self) -> str:
        return random_id("f")


def route(url: str, model: str = "judge-1") -> Route:
    return Route(upstreams=(Upstream(name="judge", url=url, model=model),))


def passages(*texts: str) -> tuple[Passage, ...]:
    return tuple(
        Passage(id=f"c{n}", document=f"d{n}.md", text=text, score=1.0) for n, text in enumerate(texts, start=1)
    )


def answer(text: str, *given: str) -> Answer:
    return Answer(text=text, passages=passages(*given))


class Material:
    """What a judge's model sees of a question: the marked texts by label, and all else as instructions."""

    def __init__(self, question: Question) -> None:
        whole = "\n".join(turn.text for turn in question.turns)
        fence = re.search(r'"\[data ([^\]]+)\]"', question.turns[0].text)
        self.fence = fence.group(1) if fence else ""
        marked = re.compile(
            rf"^([A-Z][\w ]*):\n\[data {re.escape(self.fence)}\]\n(.*?)\n\[end {re.escape(self.fence)}\]$", re.M | re.S
        )
        self.texts = dict(marked.findall(whole))
        self.outside = marked.sub("", whole) if self.fence else whole

    def all(self, label: str) -> list[str]:
        return [text for name, text in self.texts.items() if re.fullmatch(rf"{label} \d+", name)]


Says = Callable[[Material], str]


def saying(rule: Says) -> Callable[[Question], str]:
    """A local upstream's `say` by a rule over the material."""
    return lambda question: rule(Material(question))
