"""An index as an application reads it."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.llm.retrieval.narrowed import Narrowed
from loopwright.llm.retriever import Passage, Retriever


class Asked(Retriever):
    """Keeps what it was asked."""

    digest = "d"

    def __init__(self) -> None:
        self.where: Mapping[str, Any] | None = None
        self.reader: Sequence[str] = ()

    def search(
        self, question: str, *, limit: int, where: Mapping[str, Any] | None = None, reader: Sequence[str] = ()
    ) -> tuple[Passage, ...]:
        self.where, self.reader = where, reader
        return ()


def test_a_caller_narrows_further_and_never_widens() -> None:
    whole = Asked()
    narrowed = Narrowed(whole, {"area": "public"})
    assert narrowed.digest == "d"
    narrowed.search("q", limit=1, where={"area": "secret", "lang": "en"}, reader=("staff",))
    assert whole.where == {"area": "public", "lang": "en"}
    assert whole.reader == ("staff",)
    narrowed.search("q", limit=1)
    assert whole.where == {"area": "public"}
