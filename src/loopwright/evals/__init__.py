"""Evaluations of LLM applications: `lw.evals.exact()`, `lw.evals.evaluation(...)` and so on.

Every name is loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.evals.answer import Answer
    from loopwright.evals.case import Case
    from loopwright.evals.score import Score
    from loopwright.evals.scorer import Scorer

_HOMES = {
    "Answer": "loopwright.evals.answer",
    "Case": "loopwright.evals.case",
    "Score": "loopwright.evals.score",
    "Scorer": "loopwright.evals.scorer",
}

__all__ = [
    "Answer",
    "Case",
    "Score",
    "Scorer",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
