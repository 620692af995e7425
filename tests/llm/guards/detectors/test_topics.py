"""Topics, by words and by likeness."""

from collections.abc import Sequence

import numpy as np
import pytest

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import UsageError
from loopwright.llm.embedder import Embedder
from loopwright.llm.guards.detectors.topics import Topics
from loopwright.llm.guards.detectors.words import phrases


class ByWord(Embedder):
    """Sentences with "pill" are one way, all others another."""

    @property
    def digest(self) -> Digest:
        return digest_bytes(b"by word")

    @property
    def dimensions(self) -> int:
        return 2

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if "pill" in text else [0.0, 1.0] for text in texts], np.float32)


def test_a_word_is_found_where_it_stands_and_only_whole() -> None:
    topics = Topics(deny={"law": ["sue", "legal advice", "liab*"]}, allow={})
    text = "Should I Sue? The issue is one of liability, and legal  advice."
    assert [text[hit.start : hit.end] for hit in topics.find(text)] == ["Sue", "liability", "legal  advice"]
    assert not topics.whole


def test_a_text_about_nothing_allowed_is_off_the_topic() -> None:
    topics = Topics(deny={}, allow={"parcels": ["parcel*", "delivery"]})
    assert topics.whole
    assert topics.find("Where are my parcels today?") == []
    assert topics.find("Thank you!") == []
    (hit,) = topics.find("Who won the world cup in 1990?")
    assert (hit.kind, hit.start, hit.end) == ("off_topic", 0, 30)


def test_a_sentence_is_found_by_its_likeness() -> None:
    topics = Topics(deny={"medicine": ["pills"]}, allow={}, similarity=0.9, embedder=ByWord())
    text = "Hello there. How many pillows or spillages are there? Bye."
    assert [(hit.kind, text[hit.start : hit.end].strip()) for hit in topics.find(text)] == [
        ("medicine", "How many pillows or spillages are there?")
    ]
    allowed = Topics(deny={}, allow={"medicine": ["pills"]}, similarity=0.9, embedder=ByWord())
    assert allowed.find(text) == []
    assert allowed.find("Nothing of the kind here.")


@pytest.mark.parametrize(
    "options",
    [{"deny": {}, "allow": {}}, {"deny": {"law": []}, "allow": {}},
     {"deny": {"law": ["sue"]}, "allow": {}, "similarity": 0.5}],
)  # fmt: skip
def test_wrong_topics_are_refused(options: dict) -> None:
    with pytest.raises(UsageError):
        Topics(**options)


def test_a_phrase_without_letters_is_refused() -> None:
    with pytest.raises(UsageError, match="no word"):
        phrases(["..."])
    looks, most = phrases(["one two three", "x"])
    assert most == 3
    assert looks.search("one-two\nthree")
