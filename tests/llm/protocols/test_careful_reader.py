import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Outcome, Piece, Usage
from loopwright.llm.protocols.careful_reader import ACCIDENTS, CarefulReader
from loopwright.llm.provider import StreamReader

PIECE = Piece(event=b"data: {}\n\n", text="t")


class Scripted(StreamReader):
    """Gives what it was told, or raises it."""

    def __init__(self, found):
        self.found = found

    def _give(self, *_):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    feed = with_text = stopped = _give

    def end(self):
        return self._give()

    @property
    def outcome(self):
        return self._give()


CALLS = [
    lambda reader: reader.feed(b"x"),
    lambda reader: reader.end(),
    lambda reader: reader.with_text(PIECE, "other"),
    lambda reader: reader.stopped("stop"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", [KeyError, AttributeError, TypeError, ValueError, IndexError, OverflowError])
def test_every_accident_is_the_upstreams_error(call, kind):
    assert issubclass(kind, ACCIDENTS)
    with pytest.raises(UpstreamError) as caught:
        call(CarefulReader(Scripted(kind("what the answer said"))))
    assert "what the answer said" not in str(caught.value.as_dict())
    assert kind.__name__ in caught.value.why


@pytest.mark.parametrize("call", CALLS)
def test_what_the_reader_says_passes_as_it_is(call):
    found = object()
    assert call(CarefulReader(Scripted(found))) is found
    error = UpstreamError("cut off")
    with pytest.raises(UpstreamError) as caught:
        call(CarefulReader(Scripted(error)))
    assert caught.value is error


def test_names_that_are_no_texts_are_not_known():
    odd = Outcome(usage=Usage(input_tokens=1), finish=["stop"], model=7, id={})
    assert CarefulReader(Scripted(odd)).outcome == Outcome(usage=Usage(input_tokens=1))
    assert CarefulReader(Scripted(KeyError("x"))).outcome == Outcome()


def test_whether_texts_are_wanted_is_said_to_the_reader_itself():
    inner = Scripted(None)
    careful = CarefulReader(inner)
    assert careful.texts
    careful.texts = False
    assert inner.texts is False
    assert careful.texts is False
