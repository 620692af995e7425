"""Every operation on texts as a chat, and answers on the way back: so a prompt works under every protocol."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from loopwright.errors import RequestRefusedError, UpstreamError
from loopwright.llm.ask import Ask, Operation, Reply
from loopwright.llm.protocols.careful_reader import ACCIDENTS, CarefulReader, malformed
from loopwright.llm.protocols.from_completion import chat_of_completion
from loopwright.llm.protocols.from_message import chat_of_message
from loopwright.llm.protocols.from_response import chat_of_response
from loopwright.llm.protocols.reading import checked
from loopwright.llm.protocols.said import Said, ToolCall, reply_of_said
from loopwright.llm.protocols.to_completion import CompletionTeller
from loopwright.llm.protocols.to_message import MessageTeller
from loopwright.llm.protocols.to_response import ResponseTeller
from loopwright.llm.provider import StreamReader

_CHATS: dict[Operation, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "completion": chat_of_completion,
    "message": chat_of_message,
    "response": chat_of_response,
}


def as_chat(ask: Ask) -> Ask:
    """The call as a chat; one that is a chat already, as it is.

    A message or a response that streams asks for usage: its own events tell it.

    Raises:
        UpstreamRefusedError: It holds what a chat cannot say; the field is named.
        RequestRefusedError: It is for embeddings, or a field that only chats have is not of its type.
    """
    if ask.operation == "chat":
        return ask
    if ask.operation not in _CHATS:
        raise RequestRefusedError(
            "embeddings cannot be made of a chat", why="the call is for embeddings", field="input"
        )
    body = _CHATS[ask.operation](ask.body)
    if ask.stream and ask.operation != "completion":
        body["stream_options"] = {"include_usage": True}
    checked("chat", body)
    return Ask(operation="chat", body=body, stream=ask.stream)


def reply_of(ask: Ask, chat_reply: Reply) -> Reply:
    """A chat's answer in the protocol of the call that the chat was made of.

    Raises:
        UpstreamError: It is no chat's answer.
    """
    if ask.operation == "chat":
        return chat_reply
    try:
        data = msgspec.json.decode(chat_reply.body)
        choices = [dict(choice, message=choice["message"]) for choice in data["choices"]]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise UpstreamError("the upstream's answer is no chat's", why="it has no choices with messages") from error
    try:
        if ask.operation == "completion":
            return _completion(chat_reply, data, choices)
        return reply_of_said(ask, _said(chat_reply, data, choices[0]["message"]))
    except ACCIDENTS as error:
        raise malformed(error) from None


def reader_of(ask: Ask, chat_reader: StreamReader) -> StreamReader:
    """What tells a chat's stream in the protocol of the call that the chat was made of.

    Args:
        ask: The call.
        chat_reader: Reads the chat, with texts in its pieces.
    """
    if ask.operation == "message":
        return CarefulReader(MessageTeller(ask, chat_reader))
    if ask.operation == "response":
        return CarefulReader(ResponseTeller(ask, chat_reader))
    if ask.operation == "completion":
        return CarefulReader(CompletionTeller(chat_reader))
    return chat_reader


def question_of(ask: Ask) -> str:
    """The text of a chat's last message of the user; empty where it has none."""
    place = _last_of_user(ask)
    return "" if place is None else text_of(ask.body["messages"][place].get("content"))


def history_of(ask: Ask) -> list[dict[str, Any]]:
    """A chat's messages before the last one of the user."""
    place = _last_of_user(ask)
    messages = ask.body["messages"]
    return [dict(message) for message in (messages if place is None else messages[:place])]


def with_messages(ask: Ask, messages: Sequence[Mapping[str, Any]]) -> Ask:
    """The chat with other messages."""
    return ask.changed(messages=list(messages))


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or the text parts of a list, by newlines."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part["text"]) for part in parts if isinstance(part, Mapping) and part.get("text"))


def _last_of_user(ask: Ask) -> int | None:
    messages = ask.body["messages"]
    return next((at for at in range(len(messages) - 1, -1, -1) if messages[at].get("role") == "user"), None)


def _completion(reply: Reply, data: Mapping[str, Any], choices: list[dict[str, Any]]) -> Reply:
    told = []
    for choice in choices:
        text = text_of(choice["message"].get("content"))
        reason = choice.get("finish_reason")
        told.append({"index": choice.get("index", 0), "text": text, "finish_reason": reason, "logprobs": None})
    body = {**data, "object": "text_completion", "choices": told}
    return msgspec.structs.replace(reply, body=msgspec.json.encode(body), tool_calls=())


def _said(reply: Reply, data: Mapping[str, Any], message: Mapping[str, Any]) -> Said:
    calls = []
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments or {}).decode()
        calls.append(ToolCall(id=str(call.get("id") or ""), name=str(function.get("name") or ""), arguments=text))
    created = data.get("created")
    return Said(
        text=text_of(message.get("content")) or str(message.get("refusal") or ""),
        model=reply.model or "", id=reply.id or "", created=int(created) if isinstance(created, int | float) else 0,
        tool_calls=tuple(calls), reasoning=str(message.get("reasoning_content") or message.get("reasoning") or ""),
        finish=reply.finish or "stop", usage=reply.usage,
    )  # fmt: skip
