"""Cutting documents into chunks, at headings, then at ends of sentences."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from loopwright.core.hashing import Digest, digest_value
from loopwright.llm.retrieval.document import Document
from loopwright.llm.retrieval.index import Chunks

# A sign of a language that is written without spaces is a word; so are 200 characters of whatever has none.
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SIGNS}]|[^\s{_SIGNS}]{{1,200}}")
_ENDS = tuple(".!?。！？:;")  # noqa: RUF001 - ends of sentences in Chinese and Japanese
_CLOSERS = "\"')]}»”’*_`"  # noqa: RUF001
_ID_DIGITS = 24

Inspect = Callable[[str], tuple[str, ...]]
"""Looks at a text and names what is suspicious about it, such as instructions to a model; empty for nothing."""


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document, as a version keeps it.

    Attributes:
        id: Of its document's name, its headings and its text: the same as long as these are.
        document: The document's name.
        text: As it stands in the document.
        metadata: The document's, with `title` and `section`, and `suspicious` where something was found.
    """

    id: str
    document: str
    text: str
    metadata: dict[str, Any]

    @property
    def searched(self) -> str:
        """What is searched: the text below its headings."""
        return f"{self.metadata['title']}\n{self.metadata.get('section', '')}\n{self.text}"


def cut(document: Document, spec: Chunks, *, inspect: Inspect | None = None) -> list[Chunk]:
    """The document's chunks, in order."""
    seen: Counter[Digest] = Counter()
    made = []
    for section in document.sections:
        for text in pieces(section.text, spec):
            digest = digest_value([document.name, section.heading, text])
            seen[digest] += 1
            if seen[digest] > 1:
                digest = digest_value([digest, seen[digest]])
            metadata = {**document.metadata, "title": document.title}
            if section.heading:
                metadata["section"] = section.heading
            if inspect is not None and (suspicious := inspect(text)):
                metadata["suspicious"] = list(suspicious)
            made.append(Chunk(id=digest[:_ID_DIGITS], document=document.name, text=text, metadata=metadata))
    return made


def pieces(text: str, spec: Chunks) -> Iterator[str]:
    """The text in pieces of at most `spec.words` words; each word is in one piece at least."""
    words = [match.span() for match in _WORD.finditer(text)]
    ends = [place for place in range(1, len(words)) if _ended(text, words[place - 1], words[place])]
    start = 0
    while start < len(words):
        stop = _stop(start, len(words), spec=spec, ends=ends)
        yield text[words[start][0] : words[stop - 1][1]]
        if stop == len(words):
            return
        start = max(start + 1, _next_start(stop, spec=spec, ends=ends))


def _stop(start: int, n: int, *, spec: Chunks, ends: list[int]) -> int:
    """Where the piece ends: with the last sentence that fits, unless that leaves less than half a piece."""
    most = start + spec.words
    if most >= n:
        return n
    last = bisect_right(ends, most)
    return ends[last - 1] if last and ends[last - 1] >= start + max(1, spec.words // 2) else most


def _next_start(stop: int, *, spec: Chunks, ends: list[int]) -> int:
    """Where the next piece begins: with the first sentence that lies within the overlap."""
    if spec.overlap == 0:
        return stop
    first = bisect_left(ends, stop - spec.overlap)
    return ends[first] if first < len(ends) and ends[first] < stop else stop - spec.overlap


def _ended(text: str, word: tuple[int, int], following: tuple[int, int]) -> bool:
    between = text[word[1] : following[0]]
    return between.count("\n") > 1 or text[word[0] : word[1]].rstrip(_CLOSERS).endswith(_ENDS)
