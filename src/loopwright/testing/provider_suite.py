"""What every provider of upstreams, and every wrapper of one, must do with requests and whole answers.

A test class subclasses `ProviderSuite`, says `implementation = TheClass`, and has the fixtures `provider` and `sent`
(what an upstream of that kind sends). `stream_reader_suite` has what its readers of streams must do.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import msgspec
import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.ask import OPERATIONS, Ask, Operation, Usage
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.provider import Provider
from loopwright.llm.route import Upstream

SECRET = "sk-hush-0123456789"  # noqa: S105 - no real key
CALLS: Mapping[Operation, Mapping[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "hello"}]},
    "completion": {"prompt": "hello"},
    "embedding": {"input": ["hello"]},
    "response": {"input": "hello"},
    "message": {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 9},
}
_BROKEN = (b"{not json", b"", b"[]", b"7", b'"text"', b"null", b'{"error":{"message":"overloaded"}}', b"{}")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What an upstream sends in answer to each operation.

    Attributes:
        text: What it says, in several pieces where it streams.
        usage: What it counts.
        whole: Bodies of status 200.
        events: Streams, event by event; why the answer ended comes after the last text.
        error: An event that tells an error in the middle of a stream.
    """

    text: str
    usage: Usage
    whole: Mapping[Operation, bytes]
    events: Mapping[Operation, Sequence[bytes]]
    error: bytes


class ProviderSuite:
    """The contract of `Provider`, but for streams."""

    implementation: ClassVar[type[Provider]]

    @pytest.fixture(params=OPERATIONS)
    def operation(self, request: pytest.FixtureRequest, provider: Provider) -> Operation:
        """Each operation that the provider takes."""
        if not provider.takes(request.param):
            pytest.skip(f"it takes no {request.param}")
        return request.param  # type: ignore[no-any-return]

    # -- requests ----------------------------------------------------------------------------------------------------

    def test_the_secret_is_in_one_header_and_nowhere_else(self, provider: Provider, operation: Operation) -> None:
        request = provider.request(_UPSTREAM, asked(operation), SECRET)
        assert [SECRET in value for value in request.headers.values()].count(True) == 1
        assert SECRET not in request.path
        assert SECRET.encode() not in request.body
        without = provider.request(_UPSTREAM, asked(operation), "")
        assert without.body == request.body
        assert len(without.headers) == len(request.headers) - 1

    def test_the_upstreams_model_and_headers_are_asked_for(self, provider: Provider, operation: Operation) -> None:
        request = provider.request(_UPSTREAM, asked(operation), "")
        assert request.headers["x-org"] == "o"
        assert all(name == name.lower() for name in request.headers)
        body = msgspec.json.decode(request.body, type=dict[str, Any])
        assert body.get("model", request.path).endswith("the-model") or "the-model" in request.path
        assert "mine" not in (body.get("model"), request.path)

    def test_a_call_that_was_changed_is_asked_as_one_that_came_so(
        self, provider: Provider, operation: Operation
    ) -> None:
        came = asked(operation)
        changed = msgspec.structs.replace(came, raw=b"")
        first, second = (provider.request(_UPSTREAM, ask, "").body for ask in (came, changed))
        assert msgspec.json.decode(first) == msgspec.json.decode(second)

    def test_a_refusal_is_one_short_line_without_secrets(self, provider: Provider) -> None:
        told = {"error": {"message": f"the key {SECRET} is\nwrong " + "x" * 900}}
        said = provider.refusal(401, msgspec.json.encode(told))
        assert "the key" in said
        assert SECRET not in said
        assert "\n" not in said
        assert len(said) <= 500

    @pytest.mark.parametrize("body", [*_BROKEN, b"\xff\xfe", b"<html><b>bad gateway</b></html>"])
    def test_a_refusal_is_told_whatever_its_body(self, provider: Provider, body: bytes) -> None:
        assert provider.refusal(502, body)

    # -- whole answers -----------------------------------------------------------------------------------------------

    def test_a_whole_answer_is_read(self, provider: Provider, operation: Operation, sent: Sent) -> None:
        reply = provider.reply(asked(operation), sent.whole[operation])
        assert msgspec.json.decode(reply.body, type=dict[str, Any])
        assert reply.finish == "stop"
        if operation != "embedding":
            assert reply.text == sent.text
            assert reply.usage == sent.usage

    @pytest.mark.parametrize("body", _BROKEN)
    def test_what_is_no_answer_is_the_upstreams_error(
        self, provider: Provider, operation: Operation, body: bytes
    ) -> None:
        with pytest.raises(UpstreamError):
            provider.reply(asked(operation), body)

    def test_an_answer_that_was_cut_off_is_the_upstreams_error(
        self, provider: Provider, operation: Operation, sent: Sent
    ) -> None:
        body = sent.whole[operation].rstrip()
        for size in range(len(body)):
            with pytest.raises(UpstreamError):
                provider.reply(asked(operation), body[:size])

    def test_threads_do_not_mix_their_answers(self, provider: Provider, operation: Operation, sent: Sent) -> None:
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _: provider.reply(asked(operation), sent.whole[operation]), range(40)))
        assert all(reply == replies[0] for reply in replies)


def asked(operation: Operation, **fields: Any) -> Ask:
    """A call as a caller makes it."""
    return read_ask(operation, msgspec.json.encode({"model": "mine", **CALLS[operation], **fields}))


_UPSTREAM = Upstream(name="a", url="http://127.0.0.1:1/v1", model="the-model", headers={"X-Org": "o"})
