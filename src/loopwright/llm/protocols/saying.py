"""Answers that no upstream gave: from the cache, a declared default, a guard's own. Whole, or as a stream."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.protocols.chat_events import DONE
from loopwright.llm.protocols.said import Said, reply_of_said
from loopwright.llm.protocols.sse import event_of


def reply_saying(
    ask: Ask,
    text: str,
    *,
    model: str,
    id: str,
    created: int,
    finish: str = "stop",
    usage: Usage | None = None,
) -> Reply:
    """An answer that says `text`, in the protocol of the call.

    Args:
        ask: The call.
        text: What to say.
        model: As the caller is told.
        id: Of the answer.
        created: Seconds since 1970.
        finish: Why it ended: `stop`, `length`, `content_filter`.
        usage: Tokens.

    Raises:
        UsageError: The call is for embeddings.
    """
    return reply_of_said(
        ask, Said(text=text, model=model, id=id, created=created, finish=finish, usage=usage)
    )  # fmt: skip


def events_of(ask: Ask, reply: Reply) -> list[bytes]:
    """A stream that says a whole answer, each event as its bytes, the protocol's own end among them.

    Args:
        ask: The call; usage is told where it asked for that.
        reply: In the call's protocol.
    """
    body = msgspec.json.decode(reply.body)
    if ask.operation in ("chat", "completion"):
        options = ask.body.get("stream_options") or {}
        return [*_chat_events(body, tells_usage=bool(options.get("include_usage"))), DONE]
    if ask.operation == "message":
        return [event_of(msgspec.json.encode(event), event["type"]) for event in _message_events(body)]
    if ask.operation == "response":
        numbered = ({"sequence_number": number, **event} for number, event in enumerate(_response_events(body)))
        return [event_of(msgspec.json.encode(event), event["type"]) for event in numbered]
    return [event_of(reply.body), DONE]


def _chat_events(body: Mapping[str, Any], *, tells_usage: bool) -> Iterator[bytes]:
    plain = body.get("object") == "text_completion"
    kind = "text_completion" if plain else "chat.completion.chunk"
    head = {name: value for name, value in body.items() if name not in ("choices", "usage")} | {"object": kind}
    for choice in body.get("choices") or ():
        index = choice.get("index", 0)
        if plain:
            yield _chunk(head, {**choice, "index": index})
            continue
        message = dict(choice.get("message") or {})
        calls = message.pop("tool_calls", None) or []
        said = {name: value for name, value in message.items() if value is not None}
        yield _chunk(head, {"index": index, "delta": said, "logprobs": choice.get("logprobs"), "finish_reason": None})
        for number, call in enumerate(calls):
            step = {"tool_calls": [{"index": number, **call}]}
            yield _chunk(head, {"index": index, "delta": step, "logprobs": None, "finish_reason": None})
        ended = choice.get("finish_reason") or "stop"
        yield _chunk(head, {"index": index, "delta": {}, "logprobs": None, "finish_reason": ended})
    if tells_usage and body.get("usage"):
        yield event_of(msgspec.json.encode({**head, "choices": [], "usage": body["usage"]}))


def _chunk(head: Mapping[str, Any], choice: Mapping[str, Any]) -> bytes:
    return event_of(msgspec.json.encode({**head, "choices": [choice]}))


def _message_events(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    usage = body.get("usage") or {"input_tokens": 0, "output_tokens": 0}
    begun = {**body, "content": [], "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 0}}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(body.get("content") or ()):
        empty, deltas = _block_steps(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {"stop_reason": body.get("stop_reason"), "stop_sequence": body.get("stop_sequence")}
    yield {"type": "message_delta", "delta": ended, "usage": usage}
    yield {"type": "message_stop"}


def _block_steps(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it begins, and what is then added; a block of a kind that does not stream is whole at once."""
    kind = block.get("type")
    if kind == "text":
        return {**block, "text": "", "citations": None}, [
            {"type": "text_delta", "text": block["text"]},
            *({"type": "citations_delta", "citation": citation} for citation in block.get("citations") or ()),
        ]
    if kind in ("tool_use", "server_tool_use"):
        arguments = msgspec.json.encode(block.get("input") or {}).decode()
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": arguments}]
    if kind == "thinking":
        return {**block, "thinking": "", "signature": ""}, [
            {"type": "thinking_delta", "thinking": block.get("thinking", "")},
            {"type": "signature_delta", "signature": block.get("signature", "")},
        ]
    return dict(block), []


def _response_events(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**body, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    begun["completed_at"] = None
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(body.get("output") or ()):
        yield from ({"output_index": index, **event} for event in _item_events(item))
    last = "response.incomplete" if body.get("status") == "incomplete" else "response.completed"
    yield {"type": last, "response": body}


def _item_events(item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    identity = {"item_id": item.get("id") or ""}
    if item.get("type") == "function_call":
        arguments = item.get("arguments") or ""
        yield {"type": "response.output_item.added", "item": {**item, "arguments": "", "status": "in_progress"}}
        yield {"type": "response.function_call_arguments.delta", **identity, "delta": arguments}
        done = {"name": item.get("name"), "arguments": arguments}
        yield {"type": "response.function_call_arguments.done", **identity, **done}
    elif item.get("type") in ("message", "reasoning"):
        yield {"type": "response.output_item.added", "item": {**item, "content": [], "status": "in_progress"}}
        for number, part in enumerate(item.get("content") or ()):
            yield from ({**identity, "content_index": number, **event} for event in _part_events(part))
    else:
        yield {"type": "response.output_item.added", "item": dict(item)}
    yield {"type": "response.output_item.done", "item": dict(item)}


def _part_events(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    kind = part.get("type", "output_text")
    name = "refusal" if kind == "refusal" else "text"
    logprobs: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
    yield {"type": "response.content_part.added", "part": {**part, name: ""}}
    yield {"type": f"response.{kind}.delta", "delta": part.get(name, ""), **logprobs}
    yield {"type": f"response.{kind}.done", name: part.get(name, ""), **logprobs}
    yield {"type": "response.content_part.done", "part": dict(part)}
