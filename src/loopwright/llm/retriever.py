"""What retrieval gives an application: passages of a corpus, for a question and a reader."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.core.hashing import Digest


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk that was found.

    Attributes:
        id: The chunk's, stable while its document does not change.
        document: The document's name, as its path in the corpus.
        text: The chunk.
        score: Higher is better; comparable within one answer only.
        metadata: The document's, with `title`, `section` and the like.
    """

    id: str
    document: str
    text: str
    score: float
    metadata: Mapping[str, Any] = {}


class Retriever(ABC):
    """One version of an index, open for reading. Safe from several threads; blocks for milliseconds."""

    @property
    @abstractmethod
    def digest(self) -> Digest:
        """The version's."""

    @abstractmethod
    def search(
        self, question: str, *, limit: int, where: Mapping[str, Any] | None = None, reader: Sequence[str] = ()
    ) -> tuple[Passage, ...]:
        """The best passages, best first.

        Args:
            question: Text.
            limit: How many.
            where: Values that the metadata must equal; a list: one of them.
            reader: The groups that the asking person belongs to. A document with an access list is found only by
                those on it, whatever its score; one without a list by everybody.
        """
