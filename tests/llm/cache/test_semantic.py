import pytest
from tests.llm.cache.asks import answer

from loopwright.core.clock import SECOND
from loopwright.errors import MissingExtraError
from loopwright.llm.cache.kept_answer import KeptAnswer
from loopwright.llm.cache.request_key import Question
from loopwright.llm.cache.semantic import MOST_AT_ONCE, SimilarAnswers
from loopwright.llm.embedding.hashing import HashingEmbedder


class CountingEmbedder(HashingEmbedder):
    """Says what was embedded."""

    def __init__(self):
        super().__init__(512)
        self.embedded = []

    def embed(self, texts):
        self.embedded += texts
        return super().embed(texts)


@pytest.fixture
def embedder():
    return CountingEmbedder()


@pytest.fixture
def similar(embedder):
    return SimilarAnswers(lambda: embedder, most_bytes=1 << 20)


def _question(text, rest="group"):
    return Question(rest=rest, text=text)


def _kept(text="Yes.", at=0):
    return KeptAnswer(at=at, reply=answer(text))


def _find(similar, text, *, now=0, longest_s=60, threshold=0.5, rest="group"):
    return similar.find(_question(text, rest), now=now, longest_s=longest_s, threshold=threshold)


def test_a_question_in_other_words_finds_the_answer(similar):
    similar.keep(_question("How do I reset my password?"), _kept("Press."))
    found = _find(similar, "How can I reset my password?")
    assert found.answer.reply.text == "Press."
    assert found.doubts == ()
    assert 0.5 < found.similarity < 1.0


def test_a_question_that_is_as_alike_and_asks_something_else_is_doubted(similar):
    similar.keep(_question("Convert 10 miles to km"), _kept())
    found = _find(similar, "Convert 10 km to miles", threshold=0.9)
    assert found.similarity > 0.95
    assert "units" in found.doubts


def test_behind_a_nearer_one_with_doubts_one_without_is_found(similar):
    similar.keep(_question("How do I enable the alarm?"), _kept("enable"))
    similar.keep(_question("Please tell me how I can quickly disable the alarm, thanks"), _kept("disable"))
    doubted = _find(similar, "How do I disable the alarm?", threshold=0.62)
    assert (doubted.answer.reply.text, "opposites" in doubted.doubts) == ("enable", True)
    found = _find(similar, "How do I disable the alarm?", threshold=0.3)
    assert (found.answer.reply.text, found.doubts) == ("disable", ())


def test_groups_do_not_find_each_others_answers(similar):
    similar.keep(_question("How do I reset my password?", "one"), _kept())
    assert _find(similar, "How do I reset my password?", rest="other") is None
    assert not similar.may_find(_question("", "other"))


def test_a_group_that_nobody_asks_again_is_not_embedded(similar, embedder):
    for number in range(20):
        similar.keep(_question("How do I reset my password?", f"conversation {number}"), _kept())
    assert embedder.embedded == []


def test_of_many_that_wait_a_few_at_a_time_are_embedded(similar, embedder):
    for number in range(40):
        similar.keep(_question(f"What is the state of order {number}?"), _kept(str(number)))
    for looked in range(1, 4):
        _find(similar, "What is the state of order 39?")
        assert len(embedder.embedded) == min(40 + 3, looked * (1 + MOST_AT_ONCE))
    assert _find(similar, "What is the state of order 39?").answer.reply.text == "39"
    assert len(embedder.embedded) == len(set(embedder.embedded)) + 4


def test_an_answer_too_old_is_forgotten(similar):
    similar.keep(_question("How do I reset my password?"), _kept())
    assert _find(similar, "How do I reset my password?", now=59 * SECOND) is not None
    assert _find(similar, "How do I reset my password?", now=60 * SECOND) is None
    assert (len(similar), similar.size_bytes) == (0, 0)
    assert not similar.may_find(_question(""))


def test_the_same_question_is_kept_once_with_its_last_answer(similar):
    for text in ("old", "new"):
        similar.keep(_question("How do I reset my password?"), _kept(text))
        assert _find(similar, "How do I reset my password?").answer.reply.text == text
    assert len(similar) == 1


def test_memory_is_bounded_by_bytes_and_by_answers(embedder):
    similar = SimilarAnswers(lambda: embedder, most_bytes=200_000, most_answers=1000)
    for number in range(2000):
        similar.keep(_question(f"What is the state of order {number}?", f"group {number % 3}"), _kept("x" * 500))
        if number % 7 == 0:
            _find(similar, f"What is the state of order {number}?", rest=f"group {number % 3}")
    assert similar.size_bytes <= 200_000
    assert 0 < len(similar) < 100
    few = SimilarAnswers(lambda: embedder, most_bytes=1 << 30, most_answers=10)
    for number in range(50):
        few.keep(_question(f"What is the state of order {number}?"), _kept())
    assert len(few) == 10
    assert _find(few, "What is the state of order 49?", threshold=0.9).doubts == ()


def test_an_embedder_that_cannot_be_opened_is_not_tried_at_every_request():
    tried = []

    def missing():
        tried.append(1)
        raise MissingExtraError("not installed")

    similar = SimilarAnswers(missing, most_bytes=1000)
    for _ in range(3):
        with pytest.raises(MissingExtraError):
            similar.keep(_question("How?"), _kept())
    assert tried == [1]
