"""LLM applications: `lw.llm.Application(...)` and what it is made of.

Every name is loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.llm.answer_cache import CachePolicy
    from loopwright.llm.application import Application, Retrieval
    from loopwright.llm.embedding.spec import EmbedderSpec, hashing, minilm, remote
    from loopwright.llm.guard import Guard
    from loopwright.llm.guards.declarations import (
        length,
        personal_data,
        prompt_injection,
        secrets,
        topics,
        toxicity,
        valid_json,
    )
    from loopwright.llm.prompts.file import prompt_file
    from loopwright.llm.prompts.prompt import Example, Prompt
    from loopwright.llm.prompts.reading import prompt
    from loopwright.llm.retrieval.checks import mrr, ndcg, not_worse_retrieval, recall_at
    from loopwright.llm.retrieval.index import Chunks, Index, Lexical, chunks
    from loopwright.llm.route import Circuit, Retry, Route, Timeouts, Upstream, builtin_model

_HOMES = {
    "Application": "loopwright.llm.application",
    "CachePolicy": "loopwright.llm.answer_cache",
    "Chunks": "loopwright.llm.retrieval.index",
    "Circuit": "loopwright.llm.route",
    "EmbedderSpec": "loopwright.llm.embedding.spec",
    "Example": "loopwright.llm.prompts.prompt",
    "Guard": "loopwright.llm.guard",
    "Index": "loopwright.llm.retrieval.index",
    "Lexical": "loopwright.llm.retrieval.index",
    "Prompt": "loopwright.llm.prompts.prompt",
    "Retrieval": "loopwright.llm.application",
    "Retry": "loopwright.llm.route",
    "Route": "loopwright.llm.route",
    "Timeouts": "loopwright.llm.route",
    "Upstream": "loopwright.llm.route",
    "builtin_model": "loopwright.llm.route",
    "chunks": "loopwright.llm.retrieval.index",
    "hashing": "loopwright.llm.embedding.spec",
    "length": "loopwright.llm.guards.declarations",
    "minilm": "loopwright.llm.embedding.spec",
    "mrr": "loopwright.llm.retrieval.checks",
    "ndcg": "loopwright.llm.retrieval.checks",
    "not_worse_retrieval": "loopwright.llm.retrieval.checks",
    "personal_data": "loopwright.llm.guards.declarations",
    "prompt": "loopwright.llm.prompts.reading",
    "prompt_file": "loopwright.llm.prompts.file",
    "prompt_injection": "loopwright.llm.guards.declarations",
    "recall_at": "loopwright.llm.retrieval.checks",
    "remote": "loopwright.llm.embedding.spec",
    "secrets": "loopwright.llm.guards.declarations",
    "topics": "loopwright.llm.guards.declarations",
    "toxicity": "loopwright.llm.guards.declarations",
    "valid_json": "loopwright.llm.guards.declarations",
}

__all__ = [
    "Application",
    "CachePolicy",
    "Chunks",
    "Circuit",
    "EmbedderSpec",
    "Example",
    "Guard",
    "Index",
    "Lexical",
    "Prompt",
    "Retrieval",
    "Retry",
    "Route",
    "Timeouts",
    "Upstream",
    "builtin_model",
    "chunks",
    "hashing",
    "length",
    "minilm",
    "mrr",
    "ndcg",
    "not_worse_retrieval",
    "personal_data",
    "prompt",
    "prompt_file",
    "prompt_injection",
    "recall_at",
    "remote",
    "secrets",
    "topics",
    "toxicity",
    "valid_json",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
