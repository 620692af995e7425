"""What a text is about: by words of topics, and by its sentences' likeness to them where there is an embedder."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from loopwright.errors import UsageError
from loopwright.llm.embedder import Embedder
from loopwright.llm.guards.detector import Detector, Hit, joined
from loopwright.llm.guards.detectors.words import phrases
from loopwright.llm.guards.tails import last_words

OFF_TOPIC = "off_topic"
_SENTENCE = re.compile(r"[^.!?\n]{1,1000}[.!?]{0,3}")
_LONGEST = 1024


class Topics(Detector):
    """Finds what a text should not be about.

    Args:
        deny: Words or phrases by topic: each place where one occurs is found, as the topic.
        allow: The same: a text that is about none of them is found, whole, as `off_topic`. A text of fewer than four
            words is about anything.
        similarity: Cosine from which a sentence is about a topic whose words it does not hold; 0: by words only.
        embedder: Needed where `similarity` is not 0.

    Raises:
        UsageError: No topic, a topic without words, or no embedder where one is needed.
    """

    def __init__(
        self, *, deny: Mapping[str, Sequence[str]], allow: Mapping[str, Sequence[str]], similarity: float = 0.0,
        embedder: Embedder | None = None,
    ) -> None:  # fmt: skip
        if not deny and not allow:
            raise UsageError("a guard of topics needs topics to deny or to allow")
        if empty := [topic for topic, words in (*deny.items(), *allow.items()) if not words]:
            raise UsageError(f"the topic {empty[0]!r} has no words")
        if similarity and embedder is None:
            raise UsageError(
                "a guard of topics goes by similarity, and there is no embedder",
                fix="Install the extra `llm`, or declare the guard without `similarity`.",
            )
        self._deny = tuple((topic, *phrases(words)) for topic, words in deny.items())
        self._allow = tuple(phrases(words)[0] for words in allow.values())
        self._likeness: _Likeness | None = None
        if similarity and embedder is not None:
            self._likeness = _Likeness(embedder, deny=deny, allow=allow, at_least=similarity)
        self.whole = bool(allow) or self._likeness is not None

    def find(self, text: str) -> Sequence[Hit]:
        lower = text.lower()
        found = [
            Hit(topic, match.start(), match.end()) for topic, looks, _ in self._deny for match in looks.finditer(lower)
        ]
        allowed = not self._allow or any(looks.search(lower) for looks in self._allow) or len(text.split()) < 4
        if self._likeness is not None:
            like, about = self._likeness.of(text)
            found += like
            allowed = allowed or about
        if not allowed:
            return [Hit(OFF_TOPIC, 0, len(text))]
        return joined(found)

    def held_from(self, text: str) -> int:
        most = max((words for _, _, words in self._deny), default=1)
        return 0 if self.whole else last_words(text, most + 1, longest=_LONGEST)


class _Likeness:
    """Sentences by their likeness to the phrases of topics."""

    def __init__(
        self, embedder: Embedder, *, deny: Mapping[str, Sequence[str]], allow: Mapping[str, Sequence[str]],
        at_least: float,
    ) -> None:  # fmt: skip
        self._topics = [topic for topic, words in deny.items() for _ in words]
        self._denied = embedder.embed([word for words in deny.values() for word in words]) if deny else None
        self._allowed = embedder.embed([word for words in allow.values() for word in words]) if allow else None
        self._at_least = at_least
        self._embedder = embedder

    def of(self, text: str) -> tuple[list[Hit], bool]:
        """The sentences about something denied, and whether one is about something allowed."""
        places = list(_sentences(text))
        if not places:
            return [], False
        vectors = self._embedder.embed([text[start:end] for start, end in places])
        hits = []
        if self._denied is not None:
            likeness = vectors @ self._denied.T
            for place, row in zip(places, likeness, strict=True):
                if row.max() >= self._at_least:
                    hits.append(Hit(self._topics[int(np.argmax(row))], *place))
        about = self._allowed is not None and bool((vectors @ self._allowed.T).max() >= self._at_least)
        return hits, about


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    for match in _SENTENCE.finditer(text):
        if match.group().strip(" .!?"):
            yield match.start(), match.end()
