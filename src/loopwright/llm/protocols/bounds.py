"""How many tokens a call can take at most, known before it is made: what budgets reserve."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from loopwright.llm.ask import Ask
from loopwright.llm.protocols.raw_fields import with_fields

IMAGE_TOKENS = 50_000
"""At most so many for a picture, whatever its bytes: gpt-4o-mini counts 2,833 + 5,667 × 8 tiles = 48,169 for the
greatest that it does not scale down, and every other model that is known less."""
HIDDEN_TOKENS = 1_000_000
"""Counted for what the upstream reads and the request does not show: files by their id, documents that are compressed,
films, a conversation or a prompt that the upstream keeps, what its own tools find. The window of today's models."""
TOOLS_TOKENS = 1_000
"""What vendors add to a request with tools; Anthropic states 159 to 804."""
_PER_MESSAGE = 16
_IMAGES = frozenset({"image_url", "image", "input_image"})
_FILES = frozenset({
    "file", "input_file", "document", "file_search_call", "item_reference", "container_upload",
    "video_url", "audio_url",
})  # fmt: skip
_HIDDEN = ("previous_response_id", "conversation", "container", "mcp_servers", "web_search_options")
_OWN_TOOLS = ("function", "custom", "local_shell", "shell", "apply_patch", "bash", "text_editor", "computer", "memory")
_LIMITS: dict[str, tuple[str, ...]] = {
    "chat": ("max_completion_tokens", "max_tokens"),
    "completion": ("max_tokens",),
    "response": ("max_output_tokens",),
    "message": ("max_tokens",),
}


def input_bound(ask: Ask) -> int:
    """Tokens that the request can have at most.

    A token of every tokeniser in use stands for at least one byte of UTF-8, and JSON text is never shorter than what it
    says, so the body's bytes bound its text. Pictures and what the request does not show are counted as stated above.
    """
    length = len(ask.raw) or len(msgspec.json.encode(ask.body))
    bound = length + (TOOLS_TOKENS if ask.body.get("tools") else 0)
    turns = _turns(ask)
    bound += _PER_MESSAGE * (1 + len(turns))
    for part in _parts(turns):
        kind = str(part.get("type"))
        if kind in _IMAGES:
            bound += IMAGE_TOKENS - _inline_bytes(part)
        elif kind in _FILES:
            bound += HIDDEN_TOKENS
    return bound + HIDDEN_TOKENS * _hidden(ask)


def output_bound(ask: Ask) -> int | None:
    """Tokens that all answers to the request together can have at most; None where the caller sets no limit, 0 for
    embeddings."""
    if ask.operation == "embedding":
        return 0
    limits = [ask.body[name] for name in _LIMITS[ask.operation] if ask.body.get(name) is not None]
    if not limits:
        return None
    return int(max(limits)) * _choices(ask)


def with_most_tokens(ask: Ask, most: int) -> Ask:
    """The call with `most` as the limit of each of its answers, in its protocol's own field; embeddings as they are."""
    if ask.operation == "embedding":
        return ask
    present = [name for name in _LIMITS[ask.operation] if ask.body.get(name) is not None]
    fields = dict.fromkeys(present or _LIMITS[ask.operation][-1:], most)
    raw = with_fields(ask.raw, fields) if ask.raw else b""
    return msgspec.structs.replace(ask, body={**ask.body, **fields}, raw=raw)


def _hidden(ask: Ask) -> int:
    """How many fields and tools let the upstream read what the request does not show."""
    fields = sum(1 for name in _HIDDEN if ask.body.get(name))
    stored = ask.operation == "response" and isinstance(ask.body.get("prompt"), Mapping)
    tools = ask.body.get("tools")
    known = [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []
    hosted = sum(1 for tool in known if not str(tool.get("type", "custom")).startswith(_OWN_TOOLS))
    return fields + stored + hosted


def _choices(ask: Ask) -> int:
    body = ask.body
    if ask.operation not in ("chat", "completion"):
        return 1
    choices = max(int(body.get("n") or 1), int(body.get("best_of") or 1))
    prompt = body.get("prompt")
    if ask.operation == "completion" and isinstance(prompt, list) and not all(isinstance(one, int) for one in prompt):
        return choices * len(prompt)
    return choices


def _turns(ask: Ask) -> list[Any]:
    turns = ask.body.get("input" if ask.operation == "response" else "messages")
    return turns if isinstance(turns, list) else []


def _parts(turns: list[Any]) -> Iterator[Mapping[str, Any]]:
    """Every part of the turns, those inside results of tools among them; a response's items are parts themselves."""
    for turn in turns:
        if not isinstance(turn, Mapping):
            continue
        yield turn
        for name in ("content", "output"):
            inner = turn.get(name)
            if isinstance(inner, list):
                yield from _parts(inner)


def _inline_bytes(part: Mapping[str, Any]) -> int:
    """Bytes of the body that are the picture itself, in base64."""
    url = part.get("image_url")
    text = url.get("url") if isinstance(url, Mapping) else url
    source = part.get("source")
    data = source.get("data") if isinstance(source, Mapping) else None
    inline = [one for one in (text, data) if isinstance(one, str)]
    return sum(len(one) for one in inline)
