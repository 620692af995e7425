"""The stock clients, fed with bytes: what they make of a body or a stream is what a caller would see."""

from collections.abc import Sequence
from typing import Any

import anthropic
import httpx2
import openai


def openai_client(body: bytes, *, status: int = 200, stream: bool = False) -> openai.OpenAI:
    """A client whose every request is answered with these bytes."""
    kind = "text/event-stream" if stream else "application/json"
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=body, headers={"content-type": kind}))
    return openai.OpenAI(
        api_key="k", base_url="http://127.0.0.1/v1", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


def anthropic_client(body: bytes, *, status: int = 200, stream: bool = False) -> anthropic.Anthropic:
    """The same for Anthropic's."""
    kind = "text/event-stream" if stream else "application/json"
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=body, headers={"content-type": kind}))
    return anthropic.Anthropic(
        api_key="k", base_url="http://127.0.0.1", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


MESSAGES: Any = [{"role": "user", "content": "hello"}]


def chat_of(body: bytes) -> Any:
    return openai_client(body).chat.completions.create(model="m", messages=MESSAGES)


def chat_chunks(events: Sequence[bytes]) -> list[Any]:
    client = openai_client(b"".join(events), stream=True)
    return list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))


def completion_of(body: bytes) -> Any:
    return openai_client(body).completions.create(model="m", prompt="p")


def completion_chunks(events: Sequence[bytes]) -> list[Any]:
    return list(openai_client(b"".join(events), stream=True).completions.create(model="m", prompt="p", stream=True))


def response_of(body: bytes) -> Any:
    return openai_client(body).responses.create(model="m", input="i")


def response_final(events: Sequence[bytes]) -> Any:
    """What the client's own accumulation of a stream gives, with every event read on the way."""
    with openai_client(b"".join(events), stream=True).responses.stream(model="m", input="i") as stream:
        seen = list(stream)
        assert [event.sequence_number for event in seen] == sorted({event.sequence_number for event in seen})
        return stream.get_final_response()


def response_events(events: Sequence[bytes]) -> list[Any]:
    return list(openai_client(b"".join(events), stream=True).responses.create(model="m", input="i", stream=True))


def message_of(body: bytes) -> Any:
    return anthropic_client(body).messages.create(model="m", max_tokens=9, messages=MESSAGES)


def message_final(events: Sequence[bytes]) -> Any:
    with anthropic_client(b"".join(events), stream=True).messages.stream(
        model="m", max_tokens=9, messages=MESSAGES
    ) as stream:
        return stream.get_final_message()
