"""A provider that answers for its upstreams: what goes wrong in reading their answers is an error of theirs."""

from loopwright.llm.ask import Ask, Operation, Reply
from loopwright.llm.protocols.careful_reader import ACCIDENTS, CarefulReader, malformed
from loopwright.llm.provider import HttpAsk, Provider, StreamReader
from loopwright.llm.route import Upstream


class CarefulProvider(Provider):
    """Around any provider: an answer of odd types is an UpstreamError, and never an accident in whoever reads it.

    Requests pass as they are: a caller's accident is no fault of the upstream's.

    Args:
        provider: Speaks the protocol.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name = provider.name

    def takes(self, operation: Operation) -> bool:
        return self._provider.takes(operation)

    def request(self, upstream: Upstream, ask: Ask, secret: str) -> HttpAsk:
        return self._provider.request(upstream, ask, secret)

    def reply(self, ask: Ask, body: bytes) -> Reply:
        try:
            return self._provider.reply(ask, body)
        except ACCIDENTS as error:
            raise malformed(error) from None

    def reader(self, ask: Ask) -> StreamReader:
        return CarefulReader(self._provider.reader(ask))

    def refusal(self, status: int, body: bytes) -> str:
        try:
            return self._provider.refusal(status, body)
        except ACCIDENTS:
            return f"status {status} and no message that can be read"
