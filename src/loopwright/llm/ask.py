"""What an LLM application is asked and what comes back: where callers' and upstreams' protocols meet.

An `Ask` keeps the body as its own protocol says it; a provider that speaks the same protocol passes it on, any other
translates it. An answer is a `Reply`, or `Piece` by `Piece` where the caller wants a stream.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Operation = Literal["chat", "completion", "embedding", "response", "message"]
"""The protocols by their routes: OpenAI's `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `/v1/responses`,
and Anthropic's `/v1/messages`."""
OPERATIONS: tuple[Operation, ...] = ("chat", "completion", "embedding", "response", "message")


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one call, as the upstream counted them.

    Attributes:
        input_tokens: All tokens of the request, those read from or written to a cache among them.
        output_tokens: All tokens of the answer, those of reasoning among them.
        cache_read_tokens: Input tokens that the upstream had in its cache.
        cache_write_tokens: Input tokens that it wrote to its cache.
        reasoning_tokens: Output tokens that nobody sees.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One call.

    Attributes:
        operation: Whose protocol `body` is of.
        body: The request, decoded; `model` is what the caller wrote, which a provider replaces by the upstream's.
        raw: The same bytes as they came, where nothing has changed them; empty otherwise. A provider of the same
            protocol may cut the model's name into them instead of encoding `body` again.
        stream: Whether the answer is wanted piece by piece.
    """

    operation: Operation
    body: Mapping[str, Any]
    raw: bytes = b""
    stream: bool = False

    def changed(self, **fields: Any) -> "Ask":
        """The call with other fields in its body; a field that is None is taken away."""
        body = {name: value for name, value in {**self.body, **fields}.items() if value is not None}
        return msgspec.structs.replace(self, body=body, raw=b"")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that came whole.

    Attributes:
        body: The bytes to send, in the protocol of the caller's operation.
        text: The text that was answered; several choices by newlines. Empty where there is none, as for embeddings.
        tool_calls: Calls of tools, as `{"name": …, "arguments": …}` with the arguments as JSON text.
        usage: What it took; None where the upstream did not say.
        finish: Why it ended, in OpenAI's words: `stop`, `length`, `tool_calls`, `content_filter`.
        model: The model's name as the upstream reported it.
        id: The upstream's id of the answer.
    """

    body: bytes
    text: str = ""
    tool_calls: tuple[Mapping[str, str], ...] = ()
    usage: Usage | None = None
    finish: str | None = None
    model: str | None = None
    id: str | None = None


class Piece(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One server-sent event of an answer that streams.

    Attributes:
        event: The bytes to send: whole lines and the empty line that ends them, in the protocol of the caller's
            operation.
        text: What it adds to the text.
        tool: What it adds to the arguments of a tool call, or the call's name where it begins one.
        choice: Which of several answers it belongs to.
        call: Which of several tool calls.
        aside: Whether the text is reasoning, which is no part of the answer's text.
        closes: A text or a call is over with it, and it may say all of it again (`response.completed`): what is held
            back goes before it, and where texts were changed, `with_text(piece, piece.text)` goes in its place.
    """

    event: bytes
    text: str = ""
    tool: str = ""
    choice: int = 0
    call: int = 0
    aside: bool = False
    closes: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a stream once it has ended; see `Reply`."""

    usage: Usage | None = None
    finish: str | None = None
    model: str | None = None
    id: str | None = None
