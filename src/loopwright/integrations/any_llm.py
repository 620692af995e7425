"""Vendors whose protocols we do not speak, by the library any-llm: `any-llm:mistral`, `any-llm:bedrock`.

An upstream is written as `Upstream(url="any-llm:mistral", model="mistral-large-latest", key="env:MISTRAL_API_KEY")`;
with `?api_base=URL` behind the vendor's name, calls go there. A key is used only where the upstream names one: any-llm
would take what its vendor's variable holds, and that key could then go to a base that was written for another.

Chats, embeddings and, where the vendor has them, responses are answered. Fields that any-llm does not know are refused:
some vendors' libraries take further addresses and headers under such names. Attempts are counted by the route, so the
vendors' own libraries try once.
"""

import asyncio
import base64
import threading
from array import array
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from loopwright.core.codec import to_json
from loopwright.core.environment import variables
from loopwright.errors import MissingExtraError, UsageError
from loopwright.llm.local_upstream import LocalAnswer, LocalAsk, refused

_T = TypeVar("_T")
_LOOK_S = 0.05
"""How often a call that waits looks whether it was given up."""
_MOST_CLIENTS = 64
_MAKING = threading.Lock()
_CHAT = frozenset({
    "messages", "tools", "tool_choice", "temperature", "top_p", "max_tokens", "response_format", "stream", "n", "stop",
    "presence_penalty", "frequency_penalty", "seed", "user", "parallel_tool_calls", "logprobs", "top_logprobs",
    "logit_bias", "stream_options", "max_completion_tokens", "reasoning_effort", "service_tier", "prompt_cache_key",
})  # fmt: skip
_RESPONSE = frozenset({
    "input", "tools", "tool_choice", "max_output_tokens", "temperature", "top_p", "stream", "instructions",
    "max_tool_calls", "parallel_tool_calls", "reasoning", "text", "presence_penalty", "frequency_penalty", "truncation",
    "store", "service_tier", "user", "metadata", "previous_response_id", "include", "safety_identifier",
    "prompt_cache_key", "prompt_cache_retention", "conversation",
})  # fmt: skip
_EMBEDDING = frozenset({"input", "dimensions", "user", "encoding_format"})
_FIELDS = {"/chat/completions": _CHAT, "/responses": _RESPONSE, "/embeddings": _EMBEDDING}
_STATUSES = {
    "RateLimitError": 429, "AuthenticationError": 401, "MissingApiKeyError": 401, "InsufficientFundsError": 402,
    "ModelNotFoundError": 404, "InvalidRequestError": 400, "UnsupportedParameterError": 400, "ContentFilterError": 400,
    "ContextLengthExceededError": 400, "GatewayTimeoutError": 504, "UpstreamProviderError": 502,
}  # fmt: skip


def answered(call: LocalAsk) -> LocalAnswer:
    """The answer to a request in OpenAI's protocol; see `llm.local_upstream`.

    Raises:
        MissingExtraError: any-llm, or the vendor's own library, is not installed.
        UsageError: The URL names no vendor that any-llm knows, or something that it does not take.
    """
    path = call.ask.path
    if path not in _FIELDS:
        return refused(404, f"any-llm does not answer {path}")
    body = msgspec.json.decode(call.ask.body, type=dict[str, Any])
    odd = sorted(name for name, value in body.items() if value is not None and name not in {*_FIELDS[path], "model"})
    if odd:
        return refused(400, f"any-llm cannot tell its vendors {odd[0]!r}")
    vendor = _vendor_of(call)
    try:
        return _answer(vendor, {name: value for name, value in body.items() if value is not None}, call)
    except Exception as error:  # noqa: BLE001 - vendors' libraries raise what they like; it is told as a refusal
        return _refusal(error)


def _answer(vendor: Any, body: dict[str, Any], call: LocalAsk) -> LocalAnswer:
    path = call.ask.path
    model = str(body.pop("model", ""))
    if path == "/embeddings":
        packed = body.pop("encoding_format", None) == "base64"
        found = _wait(vendor.aembedding(model, body.pop("input"), **body), call)
        return _whole(_vectors(_plain(found), packed=packed))
    if path == "/chat/completions":
        found = _wait(vendor.acompletion(model, body.pop("messages"), **body), call)
    else:
        found = _wait(vendor.aresponses(model, body.pop("input"), **body), call)
    if not body.get("stream"):
        return _whole(_plain(found))
    events = aiter(found)
    # The first event is waited for here: what a vendor refuses has its status then, and may be tried again.
    first = _wait(_next(events), call)
    pieces = _Events(events, first, call, named=path == "/responses")
    return LocalAnswer(status=200, media_type=b"text/event-stream", body=b"", pieces=pieces)


class _Events(Iterator[bytes]):
    """A stream's events. One that breaks ends in an event that says so, as the protocol has it.

    Args:
        events: The vendor's.
        first: What it began with; None where it ended at once.
        call: The call.
        named: Whether events have names, as those of responses do, and no mark at the end.
    """

    def __init__(self, events: AsyncIterator[Any], first: Any, call: LocalAsk, *, named: bool) -> None:
        self._events = events
        self._ahead = [first]
        self._call = call
        self._named = named
        self._finished = named
        self._over = False
        asyncio.run_coroutine_threadsafe(self._left(), _loop())

    def __next__(self) -> bytes:
        if self._over:
            raise StopIteration
        try:
            event = self._ahead.pop() if self._ahead else _wait(_next(self._events), self._call)
        except Exception as error:  # noqa: BLE001 - as above
            self._over = True
            return b"data: %b\n\n" % _refusal(error).body
        if event is None:
            self._over = True
            # Vendors' libraries end in the same way where a stream was cut off: only a finished one gets its mark.
            return b"data: [DONE]\n\n" if self._finished and not self._named else b""
        said = _plain(event)
        self._finished = self._finished or any(choice.get("finish_reason") for choice in said.get("choices") or ())
        name = b"event: %b\n" % str(said.get("type")).encode() if self._named else b""
        return b"%bdata: %b\n\n" % (name, to_json(said))

    async def _left(self) -> None:
        """Hang up on the vendor once nobody reads on."""
        while not self._over:
            if self._call.given_up():
                with suppress(Exception):
                    await self._events.aclose()  # type: ignore[attr-defined]
                return
            await asyncio.sleep(_LOOK_S)


async def _next(events: AsyncIterator[Any]) -> Any:
    """The next event; None at the end."""
    return await anext(events, None)


def _vendor_of(call: LocalAsk) -> Any:
    name, _, query = call.where.partition("?")
    named = dict(parse_qsl(query, keep_blank_values=True))
    base = named.pop("api_base", "")
    if named:
        raise UsageError(f"any-llm: knows no {sorted(named)[0]!r}", fix="Write any-llm:VENDOR?api_base=URL.")
    key = call.ask.headers.get("authorization", "").removeprefix("Bearer ")
    with _MAKING:
        return _vendor(name, base, key)


@lru_cache(maxsize=_MOST_CLIENTS)
def _vendor(name: str, base: str, key: str) -> Any:
    """A vendor's client, which keeps its connections from call to call."""
    try:
        from any_llm import AnyLLM
        from any_llm.exceptions import AnyLLMError, UnsupportedProviderError
    except ImportError as error:
        raise MissingExtraError(
            "upstreams by any-llm need the extra `any-llm`", why=str(error), fix='pip install "loopwright[any-llm]"'
        ) from error
    try:
        kind = AnyLLM.get_provider_class(name)
        if not key and kind.ENV_API_KEY_NAME and variables().get(kind.ENV_API_KEY_NAME):
            raise UsageError(
                f"the upstream any-llm:{name} names no key", why=f"{kind.ENV_API_KEY_NAME} is set, but is not its own",
                fix=f"Write key='env:{kind.ENV_API_KEY_NAME}' if that is the key to send.",
            )  # fmt: skip
        once = {} if kind.MAX_RETRIES_SUPPORT == "unsupported" else {"max_retries": 0}
        return AnyLLM.create(name, api_key=key or None, api_base=base or None, unified_exceptions=True, **once)
    except ImportError as error:
        raise MissingExtraError(
            f"any-llm:{name} needs the vendor's own library", why=type(error).__name__,
            fix=f'pip install "any-llm-sdk[{name}]"',
        ) from error  # fmt: skip
    except UnsupportedProviderError as error:
        raise UsageError(f"any-llm knows no vendor {name!r}", fix="See any-llm's list of providers.") from error
    except (AnyLLMError, ValueError) as error:
        raise UsageError(
            f"any-llm:{name} cannot be called as it is written", why=type(error).__name__,
            fix="Give the upstream a key and, where the vendor needs one, ?api_base=URL.",
        ) from error  # fmt: skip


def _wait(work: Coroutine[Any, Any, _T], call: LocalAsk) -> _T:
    """Do something on any-llm's loop; given up with the call."""
    with _MAKING:
        loop = _loop()
    under_way = asyncio.run_coroutine_threadsafe(work, loop)
    while True:
        try:
            return under_way.result(_LOOK_S)
        except StillWaiting:
            if under_way.done():
                raise
            if call.given_up():
                under_way.cancel()
                raise


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """The loop that clients' connections live on."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="any-llm", daemon=True).start()
    return loop


def _plain(found: Any) -> dict[str, Any]:
    """What any-llm found, as OpenAI's protocol says it; thoughts under the name that the protocol's readers know."""
    data: dict[str, Any] = found if isinstance(found, dict) else found.model_dump(mode="json", exclude_none=True)
    for choice in data.get("choices") or ():
        said = choice.get("message") or choice.get("delta") or {}
        thoughts = said.get("reasoning")
        if isinstance(thoughts, Mapping):
            said["reasoning_content"] = said.pop("reasoning").get("content") or ""
        choice.setdefault("finish_reason", None)
    return data


def _vectors(data: dict[str, Any], *, packed: bool) -> dict[str, Any]:
    """Embeddings as the caller asked for them: numbers, or base64 of float32."""
    if packed:
        for one in data["data"]:
            one["embedding"] = base64.b64encode(array("f", one["embedding"]).tobytes()).decode()
    return data


def _whole(data: dict[str, Any]) -> LocalAnswer:
    return LocalAnswer(status=200, media_type=b"application/json", body=to_json(data))


def _refusal(error: Exception) -> LocalAnswer:
    """An error of any-llm or of a vendor's library as a status, by which it is tried again or not."""
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) or not 400 <= status <= 599:
        status = next((_STATUSES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _STATUSES), 0)
    if not status:
        status = 400 if isinstance(error, NotImplementedError | TypeError) else 502
    message = getattr(error, "message", None)
    return refused(status, message if isinstance(message, str) and message else type(error).__name__)
