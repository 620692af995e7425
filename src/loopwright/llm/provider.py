"""The provider seam: how one kind of upstream is spoken to. It does no input or output of its own."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import msgspec

from loopwright.llm.ask import Ask, Operation, Outcome, Piece, Reply
from loopwright.llm.route import Upstream


class HttpAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A request to an upstream.

    Attributes:
        method: In capitals.
        path: From the upstream's base URL on, with its query: `/chat/completions`.
        headers: Names in lower case; `authorization` and the like among them, never logged.
        body: The bytes.
    """

    path: str
    body: bytes
    headers: Mapping[str, str] = {}
    method: str = "POST"


class StreamReader(ABC):
    """Reads one answer that streams, from the upstream's bytes to the caller's events. One for each call.

    Attributes:
        texts: Whether pieces say what they add. Who needs the bytes alone may set it off before the first bytes are
            fed: then a piece may hold several events, undecoded, and nothing is ever put in its place. A reader may
            ignore it.
    """

    texts: bool = True

    @abstractmethod
    def feed(self, data: bytes) -> Sequence[Piece]:
        """What these further bytes complete; they may end anywhere.

        Raises:
            UpstreamError: They are no stream of this protocol, or carry an error of the upstream's.
        """

    @abstractmethod
    def end(self) -> Sequence[Piece]:
        """What is left at the end of the upstream's bytes, the protocol's own end among it (`data: [DONE]`).

        Raises:
            UpstreamError: The stream was cut off before its end.
        """

    @abstractmethod
    def with_text(self, piece: Piece, text: str) -> bytes:
        """The events that say `text` in place of the piece's own; empty where there is nothing to say. Who changes one
        piece of a stream passes them all through here, as its last events may repeat what was said."""

    @abstractmethod
    def stopped(self, reason: str) -> bytes:
        """The events that end the answer now, well-formed, with the finish reason `reason`, the protocol's own end
        among them: what a caller is sent where a guard stops a stream. Nothing is fed after it; `end` has no more."""

    @property
    @abstractmethod
    def outcome(self) -> Outcome:
        """What is known so far; usage is there after `end`."""


class Provider(ABC):
    """Speaks one kind of upstream's protocol: pure translation, safe from several threads, without state of its own.

    Attributes of classes:
        name: As `gen_ai.provider.name` has it: `openai`, `anthropic`, `gcp.gemini`.
    """

    name: str

    @abstractmethod
    def takes(self, operation: Operation) -> bool:
        """Whether such calls can be made of this upstream, as they are or translated."""

    @abstractmethod
    def request(self, upstream: Upstream, ask: Ask, secret: str) -> HttpAsk:
        """The call as the upstream wants it.

        Args:
            upstream: Which; `upstream.model` replaces the caller's model.
            ask: The call. Where it streams, usage is asked for too, whether or not the caller did.
            secret: The upstream's key; empty where it needs none.

        Raises:
            UpstreamRefusedError: The call holds what this upstream cannot be told; the field is named.
        """

    @abstractmethod
    def reply(self, ask: Ask, body: bytes) -> Reply:
        """The answer of status 200, in the caller's protocol.

        Raises:
            UpstreamError: It is malformed.
        """

    @abstractmethod
    def reader(self, ask: Ask) -> StreamReader:
        """What reads the answer to a call that streams. Where the caller did not ask for usage, its events are left out
        as the protocol has it; the outcome holds it all the same."""

    @abstractmethod
    def refusal(self, status: int, body: bytes) -> str:
        """What the upstream says went wrong, in a sentence of at most 500 characters, without secrets."""
