"""A document as it was read, before it is cut."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.core.hashing import Digest


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a document under one heading.

    Attributes:
        heading: The headings that it stands under, from the outermost: `Setup > Keys`; empty before the first.
        text: What stands there.
    """

    heading: str
    text: str


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document.

    Attributes:
        name: Its path relative to the project; a line of a JSON lines file is `PATH#ID`.
        title: Its own title, else its name.
        sections: Its text.
        metadata: Plain values by name.
        access: The groups that may find it; None: everybody; empty: nobody.
        digest: Of all that its chunks are made of.
    """

    name: str
    title: str
    sections: tuple[Section, ...]
    metadata: Mapping[str, Any]
    access: tuple[str, ...] | None
    digest: Digest


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a line that is no part of the corpus, and why."""

    name: str
    why: str


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """Every document of an index's source, sorted by name, and what was left out."""

    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...]
