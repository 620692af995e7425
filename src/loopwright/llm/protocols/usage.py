"""Tokens of a call, as each protocol counts and says them."""

from collections.abc import Mapping
from typing import Any

from loopwright.llm.ask import Usage


def usage_of_chat(data: Any) -> Usage | None:
    """What `usage` of a chat, a completion or embeddings says; None where it says nothing."""
    if not isinstance(data, Mapping) or not isinstance(data.get("prompt_tokens"), int):
        return None
    read = _inner(data, "prompt_tokens_details", "cached_tokens") or _count(data, "prompt_cache_hit_tokens")
    return Usage(
        input_tokens=_count(data, "prompt_tokens"),
        output_tokens=_count(data, "completion_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=_inner(data, "prompt_tokens_details", "cache_write_tokens"),
        reasoning_tokens=_inner(data, "completion_tokens_details", "reasoning_tokens"),
    )


def usage_of_response(data: Any) -> Usage | None:
    """What `usage` of a response says; None where it says nothing."""
    if not isinstance(data, Mapping) or not isinstance(data.get("input_tokens"), int):
        return None
    return Usage(
        input_tokens=_count(data, "input_tokens"),
        output_tokens=_count(data, "output_tokens"),
        cache_read_tokens=_inner(data, "input_tokens_details", "cached_tokens"),
        cache_write_tokens=_inner(data, "input_tokens_details", "cache_write_tokens"),
        reasoning_tokens=_inner(data, "output_tokens_details", "reasoning_tokens"),
    )


def usage_of_message(data: Any) -> Usage | None:
    """What `usage` of a message says, whose input tokens leave out those of the cache; None where it says nothing."""
    if not isinstance(data, Mapping) or not isinstance(data.get("input_tokens"), int):
        return None
    read, written = _count(data, "cache_read_input_tokens"), _count(data, "cache_creation_input_tokens")
    return Usage(
        input_tokens=_count(data, "input_tokens") + read + written,
        output_tokens=_count(data, "output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_inner(data, "output_tokens_details", "thinking_tokens"),
    )


def chat_usage(usage: Usage) -> dict[str, Any]:
    """`usage` of a chat, a completion or embeddings."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def response_usage(usage: Usage) -> dict[str, Any]:
    """`usage` of a response."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def message_usage(usage: Usage) -> dict[str, Any]:
    """`usage` of a message."""
    return {
        "input_tokens": max(0, usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens),
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
    }


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _inner(data: Mapping[str, Any], group: str, name: str) -> int:
    inner = data.get(group)
    return _count(inner, name) if isinstance(inner, Mapping) else 0
