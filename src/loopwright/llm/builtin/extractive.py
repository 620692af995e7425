"""The built-in model: quotes the sentences of the given documents that answer a question best, or says that none does.

It understands nothing. It is there so that a project works before it has a key, and its tests without a network.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

UNKNOWN = "I do not know: the documents do not say."
_DOCUMENT = re.compile(r"<document\b([^>]*)>(.*?)</document>", re.DOTALL)
_ID = re.compile(r"""\bid=["']?([^"'\s>]+)""")
_QUESTION = re.compile(r"^\s*question:\s*(.+)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*[-*|#`])")
_WORD = re.compile(r"[a-z0-9][a-z0-9_]*", re.IGNORECASE)
_FEW = frozenset(
    _WORD.findall(
        "a an and are as at be by can do does for from has have how i if in is it its me my of on one or that the this "
        "to was what when where which who why will with you your not no there their they them then than so such"
    )
)
_LEAST_SHARE = 0.25
"""Share of the question's weight that a sentence and its neighbours must carry, or nothing is quoted."""
_MOST_WORDS = 70


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document that the question came with."""

    id: str
    sentences: tuple[str, ...]


def answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """What is said to a chat: sentences of its documents with the document's id in brackets, as `… [serving.md#2]`.

    Args:
        messages: The chat; documents are `<document id="…">…</document>` in any of its messages, and the question is
            the last message without them, or what stands behind `Question:` in it.
    """
    texts = [_text(message.get("content")) for message in messages if message.get("role") != "assistant"]
    documents = [found for text in texts for found in _documents(text)]
    last = _DOCUMENT.sub("", texts[-1]) if texts else ""
    asked = _QUESTION.search(last)
    question = (asked[1] if asked else last).strip()
    if not documents:
        return question if not question else f"You said: {question[:500]}"
    return _quoted(question, documents)


def _quoted(question: str, documents: Sequence[Document]) -> str:
    wanted = _words(question)
    spans = [(document, place) for document in documents for place in range(len(document.sentences))]
    words = [_words(document.sentences[place]) for document, place in spans]
    weight = _weights(words)
    whole = sum(weight.get(word, weight[""]) for word in wanted)
    best, carried = -1, 0.0
    for number, (document, place) in enumerate(spans):
        near = _near(words, number, first=place == 0, last=place + 1 == len(document.sentences))
        own = sum(weight[word] for word in wanted & words[number])
        score = own + 0.5 * sum(weight[word] for word in (wanted & near) - words[number])
        score /= 1.0 + 0.01 * len(document.sentences[place].split())  # of two that say as much, the shorter one
        if score > carried + 1e-12:
            best, carried = number, score
    if best < 0 or not whole or carried < _LEAST_SHARE * whole:
        return UNKNOWN
    document, place = spans[best]
    return f"{_passage(document.sentences, place)} [{document.id}]"


def _near(words: Sequence[set[str]], number: int, *, first: bool, last: bool) -> set[str]:
    """The words of the sentences before and after, in the same document."""
    before = set() if first else words[number - 1]
    return before | (set() if last else words[number + 1])


def _passage(sentences: Sequence[str], place: int) -> str:
    """The sentence, what leads to it and what follows from it, as far as that is short."""
    said, room = [sentences[place]], _MOST_WORDS - len(sentences[place].split())
    for neighbour, at_end in ((place + 1, True), (place - 1, False), (place + 2, True)):
        if not 0 <= neighbour < len(sentences) or len(sentences[neighbour].split()) > room:
            continue
        room -= len(sentences[neighbour].split())
        said.insert(len(said) if at_end else 0, sentences[neighbour])
    return " ".join(said)


def _documents(text: str) -> list[Document]:
    found = []
    for number, (attributes, body) in enumerate(_DOCUMENT.findall(text), start=1):
        named = _ID.search(attributes)
        sentences = (_plain(" ".join(part.split())) for part in _SENTENCE.split(body))
        kept = tuple(part for part in sentences if len(part) > 2 and not part.startswith("#"))
        found.append(Document(id=named[1] if named else str(number), sentences=kept))
    return found


def _plain(part: str) -> str:
    """A row of a table as words: what it is about, a colon, what it says. A line between rows says nothing."""
    if not part.startswith("|"):
        return part
    cells = [cell.strip() for cell in part.strip("|").split("|")]
    said = [cell for cell in cells if cell.strip("-: ")]
    return f"{said[0]}: {', '.join(said[1:]).rstrip('.')}." if len(said) > 1 else "".join(said)


def _weights(sentences: Any) -> dict[str, float]:
    """How much each word tells, by how few sentences have it; the empty word stands for one that none has."""
    counted = Counter(word for words in sentences for word in words)
    total = sum(1 for _ in sentences) + 1
    known = {word: math.log1p(total / count) for word, count in counted.items()}
    return {**known, "": math.log1p(total)}


def _words(sentence: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(sentence.lower())} - _FEW


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "es", "ed", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            return word[: -len(ending)]
    return word


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list | tuple) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))
