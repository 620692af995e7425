"""The pool beside the network: local models in threads, with the deadlines of the network."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.builtin.pool import UpstreamPool
from loopwright.llm.http.patience import Patience
from loopwright.llm.provider import HttpAsk

pytestmark = pytest.mark.usefixtures("local_models")
PATIENT = Patience()
T = TypeVar("T")


def _ask(**body: Any) -> HttpAsk:
    messages = [{"role": "user", "content": "hello"}]
    return HttpAsk(path="/chat/completions", body=json.dumps({"messages": messages, **body}).encode())


def _with_pool(work: Callable[[UpstreamPool], Awaitable[T]]) -> T:
    async def journey() -> T:
        async with UpstreamPool() as pool:
            return await work(pool)

    return asyncio.run(journey())


def test_a_local_model_is_given_its_url_and_answers_off_the_event_loop() -> None:
    answer = _with_pool(lambda pool: pool.fetch("echo:/where?x=1", _ask(), patience=PATIENT))
    said = json.loads(answer.body)["choices"][0]["message"]["content"]
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert said == "/where?x=1|hello|False"


def test_a_stream_comes_piece_by_piece_and_ends() -> None:
    async def read(pool: UpstreamPool) -> list[bytes]:
        stream = await pool.open("echo:x", _ask(stream=True), patience=PATIENT)
        assert stream.status == 200
        return [part async for part in stream]

    parts = _with_pool(read)
    assert len(parts) == len("x|hello|False") + 1
    assert parts[-1] == b"data: [DONE]\n\n"


def test_whole_answers_hold_all_pieces() -> None:
    answer = _with_pool(lambda pool: pool.fetch("echo:x", _ask(stream=True), patience=PATIENT))
    assert answer.body.count(b"data: ") == len("x|hello|False") + 1


def test_the_builtin_model_answers_as_before() -> None:
    async def both(pool: UpstreamPool) -> tuple[bytes, bytes]:
        whole = await pool.fetch("builtin:extractive", _ask(), patience=PATIENT)
        stream = await pool.open("builtin:extractive", _ask(stream=True), patience=PATIENT)
        return whole.body, b"".join([part async for part in stream])

    whole, streamed = _with_pool(both)
    assert json.loads(whole)["choices"][0]["message"]["content"] == "You said: hello"
    assert streamed.endswith(b"data: [DONE]\n\n")


def test_a_refusal_is_an_answer() -> None:
    answer = _with_pool(lambda pool: pool.fetch("echo:x", HttpAsk(path="/embeddings", body=b"{}"), patience=PATIENT))
    assert (answer.status, json.loads(answer.body)["error"]["message"]) == (404, "chats only")


@pytest.mark.parametrize(("url", "cause", "words"), [
    ("broken:x", "malformed", "no such layer"),
    ("nothing:x", "config", "local_models:nothing"),
])  # fmt: skip
def test_a_package_that_fails_is_an_upstream_that_fails_and_is_named(url: str, cause: str, words: str) -> None:
    with pytest.raises(UpstreamError) as failed:
        _with_pool(lambda pool: pool.fetch(url, _ask(), patience=PATIENT))
    assert failed.value.context["cause"] == cause
    assert words in f"{failed.value.what} {failed.value.why}"


def test_no_thread_is_made_before_a_local_model_is_asked() -> None:
    before = set(threading.enumerate())
    _with_pool(lambda pool: pool.fetch("builtin:extractive", _ask(), patience=PATIENT))
    assert set(threading.enumerate()) == before
