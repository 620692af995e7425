"""An LLM application as a user declares it: prompt, route, retrieval, guards, cache, pinned by one bundle."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.guard import Guard
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route

KIND = "application"
"""The kind of its bundle's manifest."""


def _example() -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 16}


class Retrieval(msgspec.Struct, frozen=True, kw_only=True):
    """Which index an application reads, and how.

    Attributes:
        index: The index's name, as declared by `llm.Index`.
        limit: Passages given to the prompt, as its variable `documents`.
        where: Values that the passages' metadata must have.
    """

    index: str
    limit: int = 5
    where: dict[str, Any] = {}


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What answers.

    Attributes:
        route: The models.
        prompt: Rendered for every call: `question` is the caller's last message, `history` the messages before it,
            `documents` the passages found, anything else comes from the body's `variables`. None: the caller's messages
            go to the model as they are.
        retrieval: Where passages come from; needs a prompt. None: there are none.
        guards: In this order.
        cache: What is kept of answers.
        example: A request that a version must answer before it gets any traffic: the body of a chat completion without
            its model, `{"messages": [...]}`.
    """

    route: Route
    prompt: Prompt | None = None
    retrieval: Retrieval | None = None
    guards: tuple[Guard, ...] = ()
    cache: CachePolicy = CachePolicy()
    example: Mapping[str, Any] = msgspec.field(default_factory=_example)

    def __post_init__(self) -> None:
        if self.retrieval is not None and self.prompt is None:
            raise UsageError(
                "an application with retrieval needs a prompt", why="nothing else would show the passages to the model",
                fix="Give it a prompt with the variable `documents`.",
            )  # fmt: skip
