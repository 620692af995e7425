"""An answer in no protocol yet, and the body that says it in each."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.protocols.usage import chat_usage, message_usage, response_usage

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
"""Anthropic's words for the reasons to end; any other is `end_turn`."""


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that the answer wants called.

    Attributes:
        id: The call's.
        name: The tool's.
        arguments: JSON text.
        extra: What the upstream wants back with the call, as chats say it under `extra_content`.
    """

    id: str
    name: str
    arguments: str
    extra: Mapping[str, Any] | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        text: What it says.
        tool_calls: What it wants called.
        reasoning: What was thought before, where the upstream shows it.
        finish: Why it ended, in the words of chats.
        usage: Tokens; None where nobody counted.
        model: As the caller is told.
        id: Of the answer.
        created: Seconds since 1970.
    """

    text: str
    model: str
    id: str
    created: int
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    finish: str = "stop"
    usage: Usage | None = None


def reply_of_said(ask: Ask, said: Said) -> Reply:
    """The answer in the protocol of the call.

    Raises:
        UsageError: The call is for embeddings, which say nothing.
    """
    bodies = {"chat": _chat, "completion": _completion, "message": _message, "response": response_body}
    if ask.operation not in bodies:
        raise UsageError("embeddings have no text to say", why="the call is for embeddings")
    return Reply(
        body=msgspec.json.encode(bodies[ask.operation](ask, said)),
        text=said.text,
        tool_calls=tuple({"name": call.name, "arguments": call.arguments} for call in said.tool_calls),
        usage=said.usage,
        finish=said.finish,
        model=said.model,
        id=said.id,
    )


def response_body(ask: Ask, said: Said) -> dict[str, Any]:
    """The body of a response; also what its last event holds."""
    cut = said.finish in ("length", "content_filter")
    status = "incomplete" if cut else "completed"
    reason = {"length": "max_output_tokens"}.get(said.finish, "content_filter")
    return {
        **response_head(ask, id=said.id, model=said.model, created=said.created),
        "status": status,
        "completed_at": said.created,
        "incomplete_details": {"reason": reason} if cut else None,
        "output": _items(said, status),
        "usage": response_usage(said.usage) if said.usage is not None else None,
    }


def response_head(ask: Ask, *, id: str, model: str, created: int) -> dict[str, Any]:
    """What of a response is known before it says anything."""
    body = ask.body
    return {
        "id": id, "object": "response", "created_at": created, "status": "in_progress", "model": model,
        "output": [], "error": None, "incomplete_details": None, "usage": None,
        "instructions": body.get("instructions"), "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls", True), "temperature": body.get("temperature"),
        "tool_choice": body.get("tool_choice", "auto"), "tools": body.get("tools") or [],
        "top_p": body.get("top_p"), "max_output_tokens": body.get("max_output_tokens"),
        "previous_response_id": body.get("previous_response_id"), "reasoning": body.get("reasoning"),
        "text": body.get("text") or {"format": {"type": "text"}}, "truncation": body.get("truncation", "disabled"),
    }  # fmt: skip


def _chat(_ask: Ask, said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None}
    if said.reasoning:
        message["reasoning_content"] = said.reasoning
    if said.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            | ({"extra_content": call.extra} if call.extra else {})
            for call in said.tool_calls
        ]
    elif not said.text:
        message["content"] = ""
    choice = {"index": 0, "message": message, "finish_reason": said.finish, "logprobs": None}
    return {**_openai(said, "chat.completion"), "choices": [choice]}


def _completion(_ask: Ask, said: Said) -> dict[str, Any]:
    choice = {"index": 0, "text": said.text, "finish_reason": said.finish, "logprobs": None}
    return {**_openai(said, "text_completion"), "choices": [choice]}


def _openai(said: Said, kind: str) -> dict[str, Any]:
    body = {"id": said.id, "object": kind, "created": said.created, "model": said.model}
    return body if said.usage is None else {**body, "usage": chat_usage(said.usage)}


def _message(_ask: Ask, said: Said) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if said.reasoning:
        content.append({"type": "thinking", "thinking": said.reasoning, "signature": ""})
    if said.text or not (said.tool_calls or said.reasoning):
        content.append({"type": "text", "text": said.text})
    for call in said.tool_calls:
        content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments_of(call.arguments)})
    return {
        "id": said.id, "type": "message", "role": "assistant", "model": said.model, "content": content,
        "stop_reason": STOP_REASONS.get(said.finish, "end_turn"), "stop_sequence": None,
        "usage": message_usage(said.usage or Usage()),
    }  # fmt: skip


def arguments_of(text: str) -> dict[str, Any]:
    """Arguments as an object; text that is none, as small models write it, under the name `arguments`."""
    try:
        value = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return {"arguments": text}
    return value if isinstance(value, dict) else {"arguments": value}


def _items(said: Said, status: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if said.reasoning:
        part = {"type": "reasoning_text", "text": said.reasoning}
        items.append({"id": f"rs_{said.id}", "type": "reasoning", "summary": [], "content": [part]})
    if said.text or not said.tool_calls:
        text = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        items.append({
            "id": f"msg_{said.id}", "type": "message", "role": "assistant", "status": status, "content": [text],
        })  # fmt: skip
    for number, call in enumerate(said.tool_calls):
        items.append({
            "id": f"fc_{said.id}_{number}", "type": "function_call", "status": status, "call_id": call.id,
            "name": call.name, "arguments": call.arguments,
        })  # fmt: skip
    return items
