"""What Gemini answers: parts of contents, reasons to end, usage."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Usage
from loopwright.llm.protocols.replies import objects
from loopwright.llm.protocols.said import Said, ToolCall

_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}
_MALFORMED = ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE")


class GeminiPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an answer: a text, a thought, or a call of a tool with its whole arguments as JSON text.

    Attributes:
        signature: Of the thought that led to a call; Gemini wants it back with the call.
    """

    text: str = ""
    thought: bool = False
    name: str = ""
    id: str = ""
    arguments: str = ""
    signature: str = ""


def parts_of(data: Mapping[str, Any]) -> list[GeminiPart]:
    """The parts of the first candidate; pictures and code that a model made are none that a chat could say."""
    candidates = objects(data.get("candidates"))
    content = candidates[0].get("content") if candidates else None
    parts = []
    for part in objects(content.get("parts") if isinstance(content, Mapping) else None):
        call = part.get("functionCall")
        if isinstance(call, Mapping):
            parts.append(GeminiPart(
                name=str(call.get("name") or ""), id=str(call.get("id") or ""),
                arguments=msgspec.json.encode(call.get("args") or {}).decode(),
                signature=str(part.get("thoughtSignature") or ""),
            ))  # fmt: skip
        elif isinstance(part.get("text"), str):
            parts.append(GeminiPart(text=part["text"], thought=bool(part.get("thought"))))
    return parts


def finish_in(data: Mapping[str, Any], *, called: bool) -> str | None:
    """Why an answer ended, in the words of chats; None where it has not.

    Args:
        data: An answer, or a piece of one.
        called: Whether a tool was called.

    Raises:
        UpstreamError: The model made something that is no answer.
    """
    blocked = data.get("promptFeedback")
    if isinstance(blocked, Mapping) and blocked.get("blockReason"):
        return "content_filter"
    candidates = objects(data.get("candidates"))
    reason = candidates[0].get("finishReason") if candidates else None
    if not reason or reason == "FINISH_REASON_UNSPECIFIED":
        return None
    if reason in _MALFORMED:
        raise UpstreamError("the upstream's model made a malformed call", why=f"its finish reason is {reason}")
    finish = _REASONS.get(str(reason), "content_filter")
    return "tool_calls" if called and finish == "stop" else finish


def usage_in(data: Mapping[str, Any]) -> Usage | None:
    """Tokens until now; thoughts are counted beside the answer, and what tools found beside the request."""
    counts = data.get("usageMetadata")
    if not isinstance(counts, Mapping) or not isinstance(counts.get("promptTokenCount"), int):
        return None

    def count(name: str) -> int:
        value = counts.get(name)
        return value if isinstance(value, int) and value > 0 else 0

    thoughts = count("thoughtsTokenCount")
    return Usage(
        input_tokens=count("promptTokenCount") + count("toolUsePromptTokenCount"),
        output_tokens=count("candidatesTokenCount") + thoughts,
        cache_read_tokens=count("cachedContentTokenCount"),
        reasoning_tokens=thoughts,
    )


def said_in(data: Mapping[str, Any]) -> Said:
    """A whole answer.

    Raises:
        UpstreamError: It has no candidate, and says of no guard of the upstream's why.
    """
    parts = parts_of(data)
    calls = [part for part in parts if part.name]
    finish = finish_in(data, called=bool(calls))
    if finish is None:
        raise UpstreamError("the upstream's answer has no candidates", why="the body is not as the protocol has it")
    id_ = str(data.get("responseId") or "")
    return Said(
        text="".join(part.text for part in parts if not part.thought),
        reasoning="".join(part.text for part in parts if part.thought),
        tool_calls=tuple(
            ToolCall(id=call.id or f"call_{id_}_{number}", name=call.name, arguments=call.arguments,
                     extra=extra_of(call))
            for number, call in enumerate(calls)
        ),
        model=str(data.get("modelVersion") or ""), id=id_, created=0, finish=finish, usage=usage_in(data),
    )  # fmt: skip


def extra_of(part: GeminiPart) -> dict[str, Any] | None:
    """The signature where Gemini's own translation of chats has it, so that callers send it back."""
    return {"google": {"thought_signature": part.signature}} if part.signature else None
