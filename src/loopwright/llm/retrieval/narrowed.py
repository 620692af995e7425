"""An index as an application reads it: with the values that its passages must have, whoever asks."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.core.hashing import Digest
from loopwright.llm.retriever import Passage, Retriever


class Narrowed(Retriever):
    """A retriever that finds only passages with some values; what a caller asks for besides narrows further.

    Args:
        whole: What it reads.
        where: Values that the metadata must have; they win over the caller's.
    """

    def __init__(self, whole: Retriever, where: Mapping[str, Any]) -> None:
        self.whole = whole
        self._where = where

    @property
    def digest(self) -> Digest:
        return self.whole.digest

    def search(
        self, question: str, *, limit: int, where: Mapping[str, Any] | None = None, reader: Sequence[str] = ()
    ) -> tuple[Passage, ...]:
        asked = {**(where or {}), **self._where}
        return self.whole.search(question, limit=limit, where=asked or None, reader=reader)
