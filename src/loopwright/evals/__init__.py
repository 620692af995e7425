"""Evaluations of LLM applications: `lw.evals.exact()`, `lw.evals.evaluation(...)` and so on.

Every name is loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.evals.answer import Answer
    from loopwright.evals.case import Case, Cases
    from loopwright.evals.check import Evaluation, evaluation
    from loopwright.evals.judges.citation_support import citation_support
    from loopwright.evals.judges.context import context_precision, context_recall
    from loopwright.evals.judges.faithfulness import faithfulness
    from loopwright.evals.judges.pairwise import pairwise
    from loopwright.evals.judges.relevancy import answer_relevancy
    from loopwright.evals.judges.rubric import rubric
    from loopwright.evals.live_traffic import Live, live
    from loopwright.evals.score import Score
    from loopwright.evals.scorer import Scorer
    from loopwright.evals.scorers.citations import citations
    from loopwright.evals.scorers.code import code
    from loopwright.evals.scorers.figures import cost, latency, numeric
    from loopwright.evals.scorers.refusal import refusal
    from loopwright.evals.scorers.schema import json_schema
    from loopwright.evals.scorers.similarity import similarity
    from loopwright.evals.scorers.text import contains, exact, length, regex
    from loopwright.evals.scorers.tools import tool_calls

_HOMES = {
    "Answer": "loopwright.evals.answer",
    "Case": "loopwright.evals.case",
    "Cases": "loopwright.evals.case",
    "Evaluation": "loopwright.evals.check",
    "Live": "loopwright.evals.live_traffic",
    "Score": "loopwright.evals.score",
    "Scorer": "loopwright.evals.scorer",
    "answer_relevancy": "loopwright.evals.judges.relevancy",
    "citation_support": "loopwright.evals.judges.citation_support",
    "citations": "loopwright.evals.scorers.citations",
    "code": "loopwright.evals.scorers.code",
    "contains": "loopwright.evals.scorers.text",
    "context_precision": "loopwright.evals.judges.context",
    "context_recall": "loopwright.evals.judges.context",
    "cost": "loopwright.evals.scorers.figures",
    "evaluation": "loopwright.evals.check",
    "exact": "loopwright.evals.scorers.text",
    "faithfulness": "loopwright.evals.judges.faithfulness",
    "json_schema": "loopwright.evals.scorers.schema",
    "latency": "loopwright.evals.scorers.figures",
    "length": "loopwright.evals.scorers.text",
    "live": "loopwright.evals.live_traffic",
    "numeric": "loopwright.evals.scorers.figures",
    "pairwise": "loopwright.evals.judges.pairwise",
    "refusal": "loopwright.evals.scorers.refusal",
    "regex": "loopwright.evals.scorers.text",
    "rubric": "loopwright.evals.judges.rubric",
    "similarity": "loopwright.evals.scorers.similarity",
    "tool_calls": "loopwright.evals.scorers.tools",
}

__all__ = [
    "Answer",
    "Case",
    "Cases",
    "Evaluation",
    "Live",
    "Score",
    "Scorer",
    "answer_relevancy",
    "citation_support",
    "citations",
    "code",
    "contains",
    "context_precision",
    "context_recall",
    "cost",
    "evaluation",
    "exact",
    "faithfulness",
    "json_schema",
    "latency",
    "length",
    "live",
    "numeric",
    "pairwise",
    "refusal",
    "regex",
    "rubric",
    "similarity",
    "tool_calls",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
