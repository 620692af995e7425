"""RAGAS's own metrics, with its own prompts, as scorers: `ragas_metric("Faithfulness", judge=…)`.

What is RAGAS's stays RAGAS's: its prompts do not fence off the texts they judge. Its models are asked through our
judges, so that routes, budgets and kept verdicts are the same; its reporting of use to its makers is switched off.
"""

import asyncio
import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, ClassVar

from loopwright.core.environment import set_variables
from loopwright.errors import LoopwrightError, MissingExtraError, UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.judge import Judge, JudgeAsk
from loopwright.evals.judges.judge_scorer import JudgeScorer, Opinion, Pinned
from loopwright.llm.embedder import Embedder
from loopwright.llm.route import Route

_UNTRACKED = {"RAGAS_DO_NOT_TRACK": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RagasMetric(JudgeScorer):
    """See `ragas_metric`."""

    kind: ClassVar[str] = "ragas/1"
    name: str
    metric: str
    version: str
    pinned: Pinned
    options: Mapping[str, Any]
    embedder: Embedder | None = None
    judge: Judge | None = None

    def missing(self, case: Case, answer: Answer) -> str:
        lacking = [name for name in _wanted(_metric_class(self.metric)) if not _inputs(case, answer).get(name)]
        return f"the metric needs {', '.join(lacking)}" if lacking else ""

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        made = _metric_class(self.metric)
        asked = _model(judge, self.pinned.route)
        parts = {"llm": asked, "embeddings": _embeddings(self.embedder) if self.embedder is not None else None}
        taken = inspect.signature(made.__init__).parameters
        metric = made(
            **{name: part for name, part in parts.items() if name in taken and part is not None}, **self.options
        )
        inputs = _inputs(case, answer)
        try:
            result = await metric.ascore(**{name: inputs[name] for name in _wanted(made)})
        except Exception as error:  # noqa: BLE001 - boundary: RAGAS's code; the verdict records what happened
            why = error.what if isinstance(error, LoopwrightError) else f"{type(error).__name__}: {error}"
            return Opinion(value=None, words=f"RAGAS gave no figure: {why}"[:300], cost_usd=asked.cost_usd)
        value = float(result.value)
        words = result.reason or f"RAGAS {self.version} {self.metric}"
        if not math.isfinite(value):
            return Opinion(value=None, words="RAGAS gave no figure", cost_usd=asked.cost_usd, unpriced=asked.unpriced)
        return Opinion(value=value, words=words, cost_usd=asked.cost_usd, unpriced=asked.unpriced)


def ragas_metric(
    metric: str, *, judge: Route, at_least: float, embedder: Embedder | None = None, repeats: int = 1, name: str = "",
    **options: Any,
) -> RagasMetric:  # fmt: skip
    """A metric of `ragas.metrics.collections`, as it is.

    Args:
        metric: Its class, as `Faithfulness` or `FactualCorrectness`.
        judge: The model.
        at_least: The figure from which an answer passes.
        embedder: Makes vectors, where the metric needs them.
        repeats: How often each answer is judged.
        name: As reports call it.
        options: The metric's own, JSON values.

    Raises:
        MissingExtraError: RAGAS is not installed.
        UsageError: It has no such metric.
    """
    made = _metric_class(metric)
    if unknown := [one for one in _wanted(made) if one not in _KNOWN]:
        raise UsageError(f"the metric {metric} needs {unknown[0]!r}, which cases do not have")
    pinned = Pinned(route=judge, at_least=at_least, repeats=repeats)
    return RagasMetric(
        name=name or f"ragas_{metric}", metric=metric, version=metadata.version("ragas"), pinned=pinned,
        options=options, embedder=embedder,
    )  # fmt: skip


_KNOWN = ("user_input", "response", "retrieved_contexts", "reference")


def _inputs(case: Case, answer: Answer) -> dict[str, Any]:
    expected = case.expected if isinstance(case.expected, str) else ""
    contexts = [passage.text for passage in answer.passages]
    values = (case.question, answer.text, contexts, expected)
    return dict(zip(_KNOWN, values, strict=True))


def _wanted(metric: Any) -> list[str]:
    """What a metric is given, by the signature of its `ascore`."""
    known = list(inspect.signature(metric.ascore).parameters.values())[1:]
    return [one.name for one in known if one.default is inspect.Parameter.empty]


def _metric_class(name: str) -> Any:
    set_variables(_UNTRACKED)
    try:
        from ragas.metrics import collections
    except ImportError as error:
        raise MissingExtraError("RAGAS is not installed", fix="Run `pip install 'loopwright[ragas]'`.") from error
    found = getattr(collections, name, None)
    if not inspect.isclass(found) or not hasattr(found, "ascore"):
        raise UsageError(f"RAGAS has no metric {name!r}", why=f"there are {', '.join(collections.__all__)}")
    return found


def _model(judge: Judge, route: Route) -> Any:
    """A model in RAGAS's form that asks our judge."""
    from ragas.llms.base import InstructorBaseRagasLLM

    class Model(InstructorBaseRagasLLM):  # type: ignore[misc]
        cost_usd = 0.0
        unpriced = 0

        def generate(self, prompt: str, response_model: Any) -> Any:
            return asyncio.run(self.agenerate(prompt, response_model))

        async def agenerate(self, prompt: str, response_model: Any) -> Any:
            messages = [{"role": "user", "content": prompt}]
            schema, name = response_model.model_json_schema(), response_model.__name__
            reply = await judge.ask(JudgeAsk(route=route, messages=messages, schema=schema, name=name))
            self.cost_usd += reply.cost_usd or 0.0
            self.unpriced += reply.cost_usd is None
            return response_model.model_validate_json(reply.text)

    return Model()


def _embeddings(embedder: Embedder) -> Any:
    """An embedding in RAGAS's form that asks our embedder."""
    from ragas.embeddings.base import BaseRagasEmbedding

    class Embeddings(BaseRagasEmbedding):  # type: ignore[misc]
        def embed_text(self, text: str, **_: Any) -> list[float]:
            return [float(value) for value in embedder.embed([text])[0]]

        async def aembed_text(self, text: str, **_: Any) -> list[float]:
            return await asyncio.to_thread(self.embed_text, text)

    return Embeddings()
