"""The declaration of an index: where its documents lie, how they are cut, what makes vectors of them, who may read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.embedding.spec import EmbedderSpec, hashing
from loopwright.llm.retrieval.store_url import check_url

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MOST_WORDS = 2000


class Chunks(msgspec.Struct, frozen=True, kw_only=True):
    """How documents are cut; see `chunks`."""

    words: int = 180
    overlap: int = 30


def chunks(*, words: int = 180, overlap: int | None = None) -> Chunks:
    """Cut by headings, then at ends of sentences.

    Args:
        words: Words of a chunk at most.
        overlap: Words of a chunk that the next one of the same section repeats, at most; a sixth of them where None.

    Raises:
        UsageError: A figure is out of bounds.
    """
    if not 1 <= words <= _MOST_WORDS:
        raise UsageError(f"chunks of {words} words", why=f"from 1 to {_MOST_WORDS} are possible")
    repeated = words // 6 if overlap is None else overlap
    if not 0 <= repeated <= words // 2:
        raise UsageError(f"an overlap of {repeated} words in chunks of {words}", why="it is at most half a chunk")
    return Chunks(words=words, overlap=repeated)


class Lexical(msgspec.Struct, frozen=True, kw_only=True):
    """How words are scored: BM25 (Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework", section 3.2).

    Attributes:
        k1: How soon further occurrences of a word stop counting. 1.2 is Lucene's default.
        b: How much long chunks are held back, 0 to 1. 0.75 is Lucene's default.
        stem: Whether endings of English words are taken off.
    """

    k1: float = 1.2
    b: float = 0.75
    stem: bool = True

    def __post_init__(self) -> None:
        if not (0.0 <= self.k1 < float("inf") and 0.0 <= self.b <= 1.0):
            raise UsageError(f"BM25 with k1={self.k1}, b={self.b}", why="k1 is at least 0, b is from 0 to 1")


@dataclass(frozen=True, slots=True)
class Index:
    """A corpus made searchable. What it is made of has one digest, which applications pin.

    Args:
        name: Letters, digits, `_`, `.` and `-`.
        source: A file, a glob or several of them, relative to the project: Markdown, plain text, HTML, JSON lines.
        chunk: How documents are cut.
        embedder: What makes vectors of chunks and questions.
        lexical: How words are scored.
        metadata: Values by glob, added to the metadata of the documents that match: `{"docs/api/**": {"area": "api"}}`.
            What a document says itself wins.
        access: Groups by glob, as `{"internal/**": ["staff"]}`: only they find the documents that match. Where several
            globs match, or the document has a list of its own, a group must be on each of the lists.
        store: URL of a vector store that searches vectors; empty: they are searched in the version's own files.

    Raises:
        UsageError: An argument is not what is described above.
    """

    name: str
    _: KW_ONLY
    source: str | Sequence[str]
    chunk: Chunks = field(default_factory=Chunks)
    embedder: EmbedderSpec = field(default_factory=hashing)
    lexical: Lexical = field(default_factory=Lexical)
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    access: Mapping[str, Sequence[str]] = field(default_factory=dict)
    store: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} is not a name for an index",
                why="a name starts with a letter or a digit and holds letters, digits, '_', '.' and '-'",
            )
        if self.store:
            check_url(self.store)
        for pattern in (*self.patterns, *self.metadata, *self.access):
            self._check_pattern(pattern)
        for pattern, groups in self.access.items():
            if isinstance(groups, str) or not all(isinstance(group, str) and group for group in groups):
                raise UsageError(
                    f"index {self.name!r}: access for {pattern!r} is {groups!r}", why="it is a list of groups",
                    fix="Write access={'internal/**': ['staff']}.",
                )  # fmt: skip

    @property
    def patterns(self) -> tuple[str, ...]:
        """The source as a tuple."""
        return (self.source,) if isinstance(self.source, str) else tuple(self.source)

    @property
    def making(self) -> dict[str, Any]:
        """What a version is made by, beside its documents, as plain JSON values."""
        return {
            "chunk": msgspec.to_builtins(self.chunk),
            "embedder": msgspec.to_builtins(self.embedder),
            "lexical": msgspec.to_builtins(self.lexical),
        }

    def _check_pattern(self, pattern: object) -> None:
        parts = pattern.split("/") if isinstance(pattern, str) else []
        if not parts or not all(parts) or ".." in parts:
            raise UsageError(
                f"index {self.name!r}: {pattern!r} is no path within the project",
                why="it is relative to the project's folder and does not climb out of it",
                fix="Write source='docs/**/*.md', for example.",
            )
