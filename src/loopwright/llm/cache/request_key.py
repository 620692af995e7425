"""What of a request decides its answer: a digest of all of it, and of all but the question."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.core.hashing import Digest, digest_value
from loopwright.llm.ask import Ask

NOT_OF_THE_ANSWER = frozenset(
    {
        "model", "stream", "stream_options", "user", "metadata", "safety_identifier", "prompt_cache_key",
        "prompt_cache_retention", "store",
    }
)  # fmt: skip
"""Fields that do not change what is answered. The model is the application's, whose version is in the key."""
HIDDEN_STATE = ("previous_response_id", "conversation", "container", "background", "mcp_servers", "web_search_options")
"""Fields by which an answer depends on what the request does not say: such requests are never answered from a cache."""
_MARK = {"question": True}
_TEXT_PARTS = frozenset({"text", "input_text"})


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request, parted.

    Attributes:
        rest: Digest of everything but the question: version, tenant, system prompt, history, tools, parameters.
        text: The text of the last message, which is the user's.
    """

    rest: Digest
    text: str


def exact_key(ask: Ask, *, version: str, tenant: str) -> Digest | None:
    """The digest that the very same requests share; None where an answer must not be given again."""
    body = _deciding(ask)
    return None if body is None else digest_value([version, tenant, ask.operation, body])


def question_of(ask: Ask, *, version: str, tenant: str) -> Question | None:
    """The request parted into question and rest; None where it ends with no question of a user's."""
    body = _deciding(ask)
    parted = None if body is None else _parted(ask, body)
    if parted is None or not parted[1].strip():
        return None
    return Question(rest=digest_value([version, tenant, ask.operation, parted[0]]), text=parted[1])


def _deciding(ask: Ask) -> dict[str, Any] | None:
    body = ask.body
    if any(body.get(name) for name in HIDDEN_STATE):
        return None
    return {name: value for name, value in body.items() if name not in NOT_OF_THE_ANSWER}


def _parted(ask: Ask, body: dict[str, Any]) -> tuple[dict[str, Any], str] | None:
    field = {"chat": "messages", "message": "messages", "response": "input", "completion": "prompt"}.get(ask.operation)
    said = body.get(field or "")
    if field is None:
        return None
    if isinstance(said, str):
        return {**body, field: _MARK}, said
    if field == "prompt" or not isinstance(said, Sequence) or not said:
        return None
    last = _last(said[-1])
    return None if last is None else ({**body, field: [*said[:-1], last[0]]}, last[1])


def _last(message: Any) -> tuple[dict[str, Any], str] | None:
    """The user's message with a mark where its text was, and the text."""
    if not isinstance(message, Mapping) or message.get("role") != "user":
        return None
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": _MARK}, content
    if not isinstance(content, Sequence):
        return None
    texts: list[str] = []
    rest: list[Any] = []
    for part in content:
        if isinstance(part, Mapping) and part.get("type") in _TEXT_PARTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
            rest.append({**part, "text": _MARK})
        else:
            rest.append(part)
    return {**message, "content": rest}, "\n".join(texts)
