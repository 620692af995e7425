"""The protocols that the local upstream speaks: what is asked in each, and its answers as bodies and as events."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from blake3 import blake3

from loopwright.testing.upstream_answers import Question, Say, Told, Tool, Turn, pieces_of, tell
from loopwright.testing.upstream_faults import Answer

Body = Mapping[str, Any]
CREATED = 1_767_225_600
DIMENSIONS = 64
DONE = b"data: [DONE]\n\n"
_FINISH_OF_MESSAGES = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def answer_to(path: str, body: Body, *, say: Say | None = None) -> Answer:
    """The answer to a request.

    Raises:
        KeyError, TypeError, ValueError: The body is none of the route's.
    """
    if path == "/v1/embeddings":
        return _embeddings(body)
    told = tell(_QUESTIONS[path](body), say)
    key = f"{path[4:].replace('/', '-')}-{blake3(msgspec.json.encode(body)).hexdigest()[:24]}"
    whole, events = _FORMS[path]
    if body.get("stream"):
        return Answer(status=200, parts=tuple(events(body, told, key)), stream=True)
    return Answer(status=200, parts=(msgspec.json.encode(whole(body, told, key)),))


def refused(path: str, status: int, words: str, *, headers: bytes = b"") -> Answer:
    """An error as the route's protocol says it."""
    kind = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
    error: dict[str, Any] = {"type": kind.get(status, "server_error"), "message": words}
    whole = {"type": "error", "error": error} if path == "/v1/messages" else {"error": {**error, "code": None}}
    return Answer(status=status, parts=(msgspec.json.encode(whole),), headers=headers)


def models(names: Sequence[str]) -> Answer:
    """The list of models."""
    listed = [{"id": name, "object": "model", "created": CREATED, "owned_by": "local"} for name in names]
    return Answer(status=200, parts=(msgspec.json.encode({"object": "list", "data": listed}),))


# -- what is asked ------------------------------------------------------------------------------------------------


def _chat_question(body: Body) -> Question:
    turns = tuple(Turn(role=_role(one["role"]), text=_text(one.get("content"))) for one in body["messages"])
    tools = tuple(Tool(name=t["function"]["name"], schema=t["function"].get("parameters", {})) for t in _tools(body))
    choice = body.get("tool_choice") or "auto"
    form = body.get("response_format") or {}
    schema = form.get("json_schema", {}).get("schema") if form.get("type") == "json_schema" else None
    return Question(
        turns=turns, tools=tools,
        choice=choice if isinstance(choice, str) else choice["function"]["name"],
        schema={} if form.get("type") == "json_object" else schema,
        most=body.get("max_completion_tokens") or body.get("max_tokens"), stop=_listed(body.get("stop")),
    )  # fmt: skip


def _completion_question(body: Body) -> Question:
    prompt = body["prompt"]
    text = prompt if isinstance(prompt, str) else "\n".join(map(str, prompt))
    turns = (Turn(role="user", text=text),)
    return Question(turns=turns, most=body.get("max_tokens"), stop=_listed(body.get("stop")))


def _response_question(body: Body) -> Question:
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    system = [Turn(role="system", text=body["instructions"])] if body.get("instructions") else []
    turns = [_item(one) for one in items]
    tools = tuple(Tool(name=t["name"], schema=t.get("parameters") or {}) for t in _tools(body))
    choice = body.get("tool_choice") or "auto"
    form = (body.get("text") or {}).get("format") or {}
    return Question(
        turns=(*system, *turns), tools=tools,
        choice=choice if isinstance(choice, str) else choice["name"],
        schema={} if form.get("type") == "json_object" else form.get("schema"), most=body.get("max_output_tokens"),
    )  # fmt: skip


def _message_question(body: Body) -> Question:
    system = [Turn(role="system", text=_text(body["system"]))] if body.get("system") else []
    turns = [Turn(role=_message_role(one), text=_text(one["content"])) for one in body["messages"]]
    tools = tuple(Tool(name=t["name"], schema=t.get("input_schema", {})) for t in _tools(body))
    choice = body.get("tool_choice") or {"type": "auto"}
    named = {"any": "required"}.get(choice["type"], choice.get("name", choice["type"]))
    return Question(
        turns=(*system, *turns), tools=tools, choice=named, most=int(body["max_tokens"]),
        stop=_listed(body.get("stop_sequences")),
    )  # fmt: skip


def _item(item: Body) -> Turn:
    if item.get("type") == "function_call_output":
        return Turn(role="tool", text=_text(item["output"]))
    return Turn(role=_role(item.get("role", "assistant")), text=_text(item.get("content", "")))


def _message_role(message: Body) -> str:
    content = message["content"]
    results = not isinstance(content, str) and any(part.get("type") == "tool_result" for part in content)
    return "tool" if results else _role(message["role"])


def _role(role: str) -> str:
    return "system" if role == "developer" else role


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(_part(part) for part in content)


def _part(part: Body) -> str:
    if "image" in str(part.get("type")):
        return "[image]"
    return part["text"] if "text" in part else _text(part.get("content"))


def _tools(body: Body) -> Sequence[Body]:
    return body.get("tools") or ()


def _listed(stop: Any) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) else tuple(stop or ())


# -- OpenAI's chat completions and completions ----------------------------------------------------------------------


def _chat(body: Body, told: Told, key: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": told.text if not told.calls else None, "refusal": None}
    if told.calls:
        message["tool_calls"] = [_tool_call(f"{key[-12:]}_{number}", *call) for number, call in enumerate(told.calls)]
    choices = [{"index": n, "message": message, "logprobs": None, "finish_reason": told.finish} for n in _choices(body)]
    return _openai(body, key, "chat.completion") | {"choices": choices, "usage": _usage(body, told)}


def _chat_events(body: Body, told: Told, key: str) -> list[bytes]:
    top = _openai(body, key, "chat.completion.chunk")
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if told.calls else "", "refusal": None}]
    for number, (name, arguments) in enumerate(told.calls):
        deltas.append({"tool_calls": [{"index": number, **_tool_call(f"{key[-12:]}_{number}", name, "")}]})
        parts = [{"index": number, "function": {"arguments": part}} for part in pieces_of(arguments)]
        deltas += [{"tool_calls": [part]} for part in parts]
    deltas += [{"content": piece} for piece in told.pieces]
    chosen: list[tuple[int, Body, str | None]] = [(n, delta, None) for delta in deltas for n in _choices(body)]
    ends: list[tuple[int, Body, str | None]] = [(n, {}, told.finish) for n in _choices(body)]
    chunks = [
        top | {"choices": [{"index": n, "delta": delta, "logprobs": None, "finish_reason": finish}]}
        for n, delta, finish in (*chosen, *ends)
    ]
    return _with_usage(body, told, chunks)


def _completion(body: Body, told: Told, key: str) -> dict[str, Any]:
    choices = [{"index": n, "text": told.text, "logprobs": None, "finish_reason": told.finish} for n in _choices(body)]
    return _openai(body, key, "text_completion") | {"choices": choices, "usage": _usage(body, told)}


def _completion_events(body: Body, told: Told, key: str) -> list[bytes]:
    top = _openai(body, key, "text_completion")
    texts: list[tuple[int, str, str | None]] = [(n, piece, None) for piece in told.pieces for n in _choices(body)]
    ends = [(n, "", told.finish) for n in _choices(body)]
    chunks = [
        top | {"choices": [{"index": n, "text": text, "logprobs": None, "finish_reason": finish}]}
        for n, text, finish in (*texts, *ends)
    ]
    return _with_usage(body, told, chunks)


def _with_usage(body: Body, told: Told, chunks: list[dict[str, Any]]) -> list[bytes]:
    if (body.get("stream_options") or {}).get("include_usage"):
        last = {**chunks[0], "choices": [], "usage": _usage(body, told)}
        chunks = [*({**chunk, "usage": None} for chunk in chunks), last]
    return [*(b"data: %s\n\n" % msgspec.json.encode(chunk) for chunk in chunks), DONE]


def _openai(body: Body, key: str, kind: str) -> dict[str, Any]:
    return {"id": key, "object": kind, "created": CREATED, "model": body["model"], "system_fingerprint": "local"}


def _choices(body: Body) -> range:
    return range(body.get("n") or 1)


def _usage(body: Body, told: Told) -> dict[str, Any]:
    spent = told.output_tokens * len(_choices(body))
    return {
        "prompt_tokens": told.input_tokens, "completion_tokens": spent, "total_tokens": told.input_tokens + spent,
        "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip


def _tool_call(key: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": f"call_{key}", "type": "function", "function": {"name": name, "arguments": arguments}}


# -- OpenAI's embeddings ----------------------------------------------------------------------------------------------


def _embeddings(body: Body) -> Answer:
    given = body["input"]
    single = isinstance(given, str) or (bool(given) and isinstance(given[0], int))
    texts = [given] if single else given
    size = body.get("dimensions") or DIMENSIONS
    vectors = [vector_of(one if isinstance(one, str) else " ".join(map(str, one)), size) for one in texts]
    coded = [_coded(vector, body.get("encoding_format")) for vector in vectors]
    data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(coded)]
    spent = sum(len(pieces_of(one)) if isinstance(one, str) else len(one) for one in texts)
    usage = {"prompt_tokens": spent, "total_tokens": spent}
    whole = {"object": "list", "data": data, "model": body["model"], "usage": usage}
    return Answer(status=200, parts=(msgspec.json.encode(whole),))


def vector_of(text: str, dimensions: int = DIMENSIONS) -> np.ndarray:
    """(dimensions,) float32 of length 1: the sum of a vector for each word, so that like texts lie near each other."""
    total = np.zeros(dimensions, dtype=np.float32)
    for word in text.lower().split() or [""]:
        seed = int.from_bytes(blake3(word.encode()).digest(8), "big")
        total += np.random.default_rng(seed).standard_normal(dimensions, dtype=np.float32)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def _coded(vector: np.ndarray, form: str | None) -> Any:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode() if form == "base64" else vector.tolist()


# -- OpenAI's responses ------------------------------------------------------------------------------------------------


def _response(body: Body, told: Told, key: str) -> dict[str, Any]:
    output = [_function_item(f"{key[-12:]}_{number}", *call) for number, call in enumerate(told.calls)]
    items = output or [_message_item(key, [{"type": "output_text", "text": told.text, "annotations": []}])]
    return _response_top(body, told, key) | {"output": items, "usage": _response_usage(told)}


def _response_top(body: Body, told: Told, key: str) -> dict[str, Any]:
    cut = told.finish == "length"
    return {
        "id": key, "object": "response", "created_at": CREATED, "model": body["model"],
        "status": "incomplete" if cut else "completed", "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"), "metadata": {}, "parallel_tool_calls": True,
        "temperature": body.get("temperature", 1.0), "tool_choice": body.get("tool_choice", "auto"),
        "tools": list(_tools(body)), "top_p": 1.0, "max_output_tokens": body.get("max_output_tokens"),
        "output": [], "usage": None,
    }  # fmt: skip


def _response_events(body: Body, told: Told, key: str) -> list[bytes]:
    started = _response_top(body, told, key) | {"status": "in_progress", "incomplete_details": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    whole = _response(body, told, key)
    for number, item in enumerate(whole["output"]):
        parts = _function_events(item) if told.calls else _text_events(item, told)
        empty: Body = {"arguments": ""} if told.calls else {"content": []}
        bare = {**item, "status": "in_progress", **empty}
        within = [
            {"type": "response.output_item.added", "item": bare},
            *({**part, "item_id": item["id"]} for part in parts),
            {"type": "response.output_item.done", "item": item},
        ]
        events += [{**event, "output_index": number} for event in within]
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return [_event({**event, "sequence_number": number}) for number, event in enumerate(events)]


def _text_events(item: Body, told: Told) -> list[dict[str, Any]]:
    part = item["content"][0]
    empty = {"type": "output_text", "text": "", "annotations": []}
    events: list[dict[str, Any]] = [
        {"type": "response.content_part.added", "part": empty},
        *({"type": "response.output_text.delta", "delta": piece, "logprobs": []} for piece in told.pieces),
        {"type": "response.output_text.done", "text": told.text, "logprobs": []},
        {"type": "response.content_part.done", "part": part},
    ]
    return [{**event, "content_index": 0} for event in events]


def _function_events(item: Body) -> list[dict[str, Any]]:
    kind = "response.function_call_arguments"
    deltas = [{"type": f"{kind}.delta", "delta": piece} for piece in pieces_of(item["arguments"])]
    return [*deltas, {"type": f"{kind}.done", "arguments": item["arguments"], "name": item["name"]}]


def _message_item(key: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": f"msg_{key[-12:]}", "type": "message", "role": "assistant", "status": "completed", "content": content}


def _function_item(key: str, name: str, arguments: str) -> dict[str, Any]:
    item = {"id": f"fc_{key}", "type": "function_call", "status": "completed"}
    return item | {"call_id": f"call_{key}", "name": name, "arguments": arguments}


def _response_usage(told: Told) -> dict[str, Any]:
    return {
        "input_tokens": told.input_tokens, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": told.output_tokens, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": told.input_tokens + told.output_tokens,
    }  # fmt: skip


# -- Anthropic's messages ----------------------------------------------------------------------------------------------


def _message(body: Body, told: Told, key: str) -> dict[str, Any]:
    called = [
        _tool_use(f"{key[-12:]}_{number}", name, msgspec.json.decode(given))
        for number, (name, given) in _numbered(told)
    ]
    usage = {"input_tokens": told.input_tokens, "output_tokens": told.output_tokens}
    return {
        "id": key, "type": "message", "role": "assistant", "model": body["model"],
        "content": called or [{"type": "text", "text": told.text}],
        "stop_reason": _FINISH_OF_MESSAGES[told.finish], "stop_sequence": None, "usage": usage,
    }  # fmt: skip


def _message_events(body: Body, told: Told, key: str) -> list[bytes]:
    begun = _message(body, told, key) | {"content": [], "stop_reason": None}
    begun["usage"] = {"input_tokens": told.input_tokens, "output_tokens": 1}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        (
            _tool_use(f"{key[-12:]}_{n}", name, {}),
            [{"type": "input_json_delta", "partial_json": part} for part in pieces_of(given)],
        )
        for n, (name, given) in _numbered(told)
    ]
    text = [{"type": "text_delta", "text": piece} for piece in told.pieces]
    for number, (block, deltas) in enumerate(blocks or [({"type": "text", "text": ""}, text)]):
        events.append({"type": "content_block_start", "index": number, "content_block": block})
        events += [{"type": "content_block_delta", "index": number, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": number})
    stop = {"stop_reason": _FINISH_OF_MESSAGES[told.finish], "stop_sequence": None}
    events.append({"type": "message_delta", "delta": stop, "usage": {"output_tokens": told.output_tokens}})
    return [_event(event) for event in (*events, {"type": "message_stop"})]


def _tool_use(key: str, name: str, given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{key}", "name": name, "input": given}


def _numbered(told: Told) -> Sequence[tuple[int, tuple[str, str]]]:
    return tuple(enumerate(told.calls))


def _event(data: Body) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (str(data["type"]).encode(), msgspec.json.encode(data))


_Form = tuple[Callable[[Body, Told, str], dict[str, Any]], Callable[[Body, Told, str], list[bytes]]]
_QUESTIONS: dict[str, Callable[[Body], Question]] = {
    "/v1/chat/completions": _chat_question,
    "/v1/completions": _completion_question,
    "/v1/responses": _response_question,
    "/v1/messages": _message_question,
}
_FORMS: dict[str, _Form] = {
    "/v1/chat/completions": (_chat, _chat_events),
    "/v1/completions": (_completion, _completion_events),
    "/v1/responses": (_response, _response_events),
    "/v1/messages": (_message, _message_events),
}
ROUTES = (*_FORMS, "/v1/embeddings")
"""What can be posted to."""
