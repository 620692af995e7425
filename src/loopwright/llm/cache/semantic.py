"""Answers to requests that ask the same in other words.

Everything but the question must be equal: such requests are a group, and only within one are questions compared.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import LoopwrightError
from loopwright.llm.cache.doubts import doubts_about
from loopwright.llm.cache.doubts.reading import Reading, read
from loopwright.llm.cache.kept_answer import KeptAnswer
from loopwright.llm.cache.nearest import Nearest
from loopwright.llm.cache.request_key import Question
from loopwright.llm.embedder import Embedder

MOST_ANSWERS = 100_000
CANDIDATES = 4
MOST_AT_ONCE = 16
"""Questions that wait for their vector and get it with one look-up, so that it takes milliseconds."""
_READING_BYTES = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer whose question is the most similar.

    Attributes:
        answer: The answer.
        question: Its question's text.
        similarity: Cosine of the questions.
        doubts: Why they may not ask the same; empty where nothing speaks against it.
    """

    answer: KeptAnswer
    question: str
    similarity: float
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    group: Digest
    question: str
    reading: Reading
    answer: KeptAnswer
    size_bytes: int


class _Group:
    """Questions that are compared with one another: vectors, those that wait for theirs, numbers by text."""

    def __init__(self, dimensions: int) -> None:
        self.vectors = Nearest(dimensions)
        self.waiting: dict[int, str] = {}
        self.numbers: dict[str, int] = {}


class SimilarAnswers:
    """Answers by the meaning of their questions, in this process alone. Used by one thread.

    A question is embedded when something is first compared with it, so that requests whose group holds nothing else
    cost nothing here. The oldest answers go first when there are too many.

    Args:
        embedder: Opens what makes vectors; called once, at the first look-up.
        most_bytes: About what all answers may take.
        most_answers: How many there may be.
    """

    def __init__(self, embedder: Callable[[], Embedder], *, most_bytes: int, most_answers: int = MOST_ANSWERS) -> None:
        self._open = embedder
        self._embedder: Embedder | None = None
        self._failure: LoopwrightError | None = None
        self._most_bytes = most_bytes
        self._most_answers = most_answers
        self._groups: dict[Digest, _Group] = {}
        self._asked: OrderedDict[int, _Asked] = OrderedDict()
        self._bytes = 0
        self._next = 0

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def size_bytes(self) -> int:
        """About what the answers take."""
        return self._bytes

    @property
    def embedder(self) -> Embedder:
        """What makes vectors.

        Raises:
            LoopwrightError: It cannot be opened; after the first time without trying again.
        """
        if self._failure is not None:
            raise self._failure
        if self._embedder is None:
            try:
                self._embedder = self._open()
            except LoopwrightError as error:
                self._failure = error
                raise
        return self._embedder

    def may_find(self, question: Question) -> bool:
        """Whether there is anything to compare with; safe from any thread."""
        return question.rest in self._groups

    def find(self, question: Question, *, now: Micros, longest_s: float, threshold: float) -> Found | None:
        """The answer to the most similar question without a doubt at or above the threshold; where there is none, the
        most similar of all, which then has doubts or is below it.

        Args:
            question: What is asked.
            now: The workspace's time.
            longest_s: Seconds; older answers are forgotten.
            threshold: Cosine.

        Raises:
            As the embedder.
        """
        group = self._groups.get(question.rest)
        if group is None:
            return None
        vector = self._vector(group, question.text)
        reading = read(question.text)
        best: Found | None = None
        for number, similarity in group.vectors.find(vector, CANDIDATES):
            asked = self._asked[number]
            if asked.answer.age_s(now) >= longest_s:
                self._forget(number)
                continue
            found = Found(
                answer=asked.answer, question=asked.question, similarity=similarity,
                doubts=doubts_about(reading, asked.reading),
            )  # fmt: skip
            if not found.doubts and similarity >= threshold:
                return found
            best = best or found
        return best

    def keep(self, question: Question, answer: KeptAnswer) -> None:
        """Remember an answer in place of the one to the same text."""
        size = answer.size_bytes + len(question.text) + 4 * 384 + _READING_BYTES
        group = self._groups.get(question.rest)
        if group is not None and question.text in group.numbers:
            self._forget(group.numbers[question.text])
            group = self._groups.get(question.rest)
        if group is None:
            group = self._groups[question.rest] = _Group(self.embedder.dimensions)
        number = self._next
        self._next += 1
        group.waiting[number] = question.text
        group.numbers[question.text] = number
        self._asked[number] = _Asked(
            group=question.rest, question=question.text, reading=read(question.text), answer=answer, size_bytes=size
        )
        self._bytes += size
        while self._asked and (self._bytes > self._most_bytes or len(self._asked) > self._most_answers):
            self._forget(next(iter(self._asked)))

    def alike(self, one: str, other: str) -> float:
        """Cosine of two texts. Raises as the embedder."""
        vectors = self.embedder.embed([one, other])
        return float(vectors[0] @ vectors[1])

    def _vector(self, group: _Group, text: str) -> np.ndarray:
        """The question's vector; of those of the group that are not there yet the oldest are made and added."""
        numbers = list(islice(group.waiting, MOST_AT_ONCE))
        vectors = self.embedder.embed([text, *(group.waiting[number] for number in numbers)])
        for number, vector in zip(numbers, vectors[1:], strict=True):
            group.vectors.add(number, vector)
            del group.waiting[number]
        return np.asarray(vectors[0])

    def _forget(self, number: int) -> None:
        gone = self._asked.pop(number)
        self._bytes -= gone.size_bytes
        group = self._groups[gone.group]
        del group.numbers[gone.question]
        if group.waiting.pop(number, None) is None:
            group.vectors.remove(number)
        if not group.numbers:
            del self._groups[gone.group]


def digest_text(text: str) -> Digest:
    """What stands for a question in rows without content."""
    return digest_bytes(text.encode())
