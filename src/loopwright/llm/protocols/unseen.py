"""Thoughts that a model is charged for and that its stream does not show."""

import re
from collections.abc import Mapping

from loopwright.llm.ask import Ask
from loopwright.llm.route import Upstream

_ASKED_FOR = ("reasoning_effort", "reasoning", "thinking")
_NOT = ("none", "disabled")
_THINKS = re.compile(r"(?:^|[/:])(?:o\d|gpt-5|gemini-)")
"""OpenAI's and Google's models that think unasked, and show none of it."""


def may_think_unseen(ask: Ask, upstream: Upstream) -> bool:
    """Whether more tokens may be on the bill than the bytes of a stream can tell.

    Args:
        ask: The call.
        upstream: Who answers it.
    """
    asked = any(_asked(ask.body.get(name, upstream.parameters.get(name))) for name in _ASKED_FOR)
    return asked or _THINKS.search(upstream.model) is not None


def _asked(value: object) -> bool:
    if isinstance(value, Mapping):
        return value.get("type") not in _NOT and value.get("effort") not in _NOT
    return bool(value) and value not in _NOT
