import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask
from loopwright.llm.protocols.careful_reader import CarefulReader
from loopwright.llm.providers.careful_provider import CarefulProvider
from loopwright.llm.providers.openai import OpenAIProvider
from loopwright.llm.route import Upstream

ASK = Ask(operation="chat", body={"model": "m", "messages": [{"role": "user", "content": "hi"}]})
UPSTREAM = Upstream(name="a", url="http://127.0.0.1:1/v1", model="llama")


class Odd(OpenAIProvider):
    """Meets with an accident at everything that it reads or writes."""

    def reply(self, ask, body):
        raise KeyError("what the answer said")

    def refusal(self, status, body):
        raise TypeError("what the answer said")

    def request(self, upstream, ask, secret):
        raise TypeError("a mistake of our own")


def test_an_accident_with_an_answer_is_the_upstreams_error():
    with pytest.raises(UpstreamError) as caught:
        CarefulProvider(Odd()).reply(ASK, b"{}")
    assert "what the answer said" not in str(caught.value.as_dict())


def test_a_refusal_that_cannot_be_read_is_still_told():
    assert CarefulProvider(Odd()).refusal(418, b"{}") == "status 418 and no message that can be read"


def test_an_accident_with_a_request_is_no_fault_of_the_upstreams():
    with pytest.raises(TypeError):
        CarefulProvider(Odd()).request(UPSTREAM, ASK, "")


def test_everything_else_is_the_providers():
    careful, inner = CarefulProvider(OpenAIProvider()), OpenAIProvider()
    assert careful.name == inner.name
    assert careful.takes("embedding") == inner.takes("embedding")
    assert careful.request(UPSTREAM, ASK, "k") == inner.request(UPSTREAM, ASK, "k")
    assert careful.refusal(500, b'{"error":"x"}') == "x"
    assert isinstance(careful.reader(ASK), CarefulReader)
