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
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n\s*\n|\n(?=\s*[-*|#`])")
_WORD = re.compile(r"[a-z0-9][a-z0-9_]*", re.IGNORECASE)
_FEW = frozenset(
    _WORD.findall(
        "a an and are as at be by can do does for from has have how i if in is it its me my of on one or that the this "
        "to was what when where which who why will with you your not no there their they them then than so such"
    )
)
_LEAST_SHARE = 0.34
"""Share of the question's weight that a sentence and its neighbours must carry, or nothing is quoted."""
_MOST_SENTENCES = 3


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
    wanted = {_stem(word) for word in _WORD.findall(question.lower())} - _FEW
    spans = [(document, place) for document in documents for place in range(len(document.sentences))]
    words = {span: _words(span[0].sentences[span[1]]) for span in spans}
    weight = _weights(words.values())
    whole = sum(weight.get(word, weight[""]) for word in wanted)
    best, carried = None, 0.0
    for span in spans:
        document, place = span
        near = words[span] | (words.get((document, place + 1), set()) if place + 1 < len(document.sentences) else set())
        own = sum(weight[word] for word in wanted & words[span])
        score = own + 0.5 * sum(weight[word] for word in (wanted & near) - words[span])
        score /= 1.0 + 0.01 * len(document.sentences[place].split())  # of two that say as much, the shorter one
        if score > carried + 1e-12:
            best, carried = span, score
    if best is None or not whole or carried < _LEAST_SHARE * whole:
        return UNKNOWN
    document, place = best
    said = [document.sentences[place]]
    for following in document.sentences[place + 1 : place + _MOST_SENTENCES]:
        if len(" ".join(said)) > 200 or not wanted & _words(following):
            break
        said.append(following)
    return f"{' '.join(said)} [{document.id}]"


def _documents(text: str) -> list[Document]:
    found = []
    for number, (attributes, body) in enumerate(_DOCUMENT.findall(text), start=1):
        named = _ID.search(attributes)
        sentences = (" ".join(part.split()) for part in _SENTENCE.split(body))
        kept = tuple(part for part in sentences if len(part) > 2 and not part.startswith("#"))
        found.append(Document(id=named[1] if named else str(number), sentences=kept))
    return found


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
