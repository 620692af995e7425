"""Reading a corpus: the files of an index's source to documents. What cannot be read is left out, with the reason."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.codec import to_json
from loopwright.core.hashing import Digest, digest_bytes, digest_value
from loopwright.errors import LoopwrightError, SourceError
from loopwright.llm.retrieval import formats
from loopwright.llm.retrieval.document import Corpus, Document, Section, Skipped
from loopwright.llm.retrieval.front_matter import split
from loopwright.llm.retrieval.globs import found, matches
from loopwright.llm.retrieval.index import Index

MOST_BYTES = 32 << 20
"""Of one document; a greater one is left out."""
_READER = 1
"""Raised with each change of what is read out of the same bytes."""
_MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
_LINES = frozenset({".jsonl", ".ndjson"})
_PLAIN = frozenset({".txt", ".text", ".rst", ".adoc", ".org", ".log", ""})
_SCALAR = (str, int, float, bool)


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a JSON lines file."""

    text: str
    id: str | int | None = None
    title: str = ""
    metadata: dict[str, Any] = {}
    access: list[str] | None = None


def read_corpus(index: Index, project: Path) -> Corpus:
    """Every document that the index's source means.

    Args:
        index: The declaration.
        project: The folder that its paths are relative to.

    Raises:
        SourceError: There is no document at all.
    """
    names, skipped = found(project, index.patterns)
    documents: dict[str, Document] = {}
    for name in names:
        try:
            read = list(_documents(index, project, name, skipped=skipped))
        except (LoopwrightError, OSError) as error:
            skipped.append(Skipped(name=name, why=getattr(error, "what", str(error))))
            continue
        for document in read:
            if document.name in documents:
                skipped.append(Skipped(name=document.name, why="its id is there twice; the first is kept"))
            documents.setdefault(document.name, document)
    if not documents:
        why = "; ".join(f"{one.name}: {one.why}" for one in skipped[:3]) or f"no file matches in {project}"
        raise SourceError(
            f"index {index.name!r} has no document", why=why, fix="Correct its `source`; the version before stays."
        )
    ordered = sorted(documents.values(), key=lambda document: document.name)
    return Corpus(documents=tuple(ordered), skipped=tuple(sorted(skipped, key=lambda one: one.name)))


def corpus_digest(corpus: Corpus) -> Digest:
    """Names what an index is made of, beside how."""
    return digest_value([(document.name, document.digest) for document in corpus.documents])


def _documents(index: Index, project: Path, name: str, *, skipped: list[Skipped]) -> Iterator[Document]:
    suffix = Path(name).suffix.lower()
    known = _MARKDOWN | _HTML | _LINES | _PLAIN
    if suffix not in known:
        raise SourceError(f"its suffix {suffix!r} is none that is read")
    if suffix in _LINES:
        yield from _lines(index, project, name, skipped=skipped)
        return
    text = _text(project / name)
    fields: dict[str, Any] = {}
    body = text
    if suffix in _MARKDOWN:
        fields, body = split(text)
    outline = (formats.markdown if suffix in _MARKDOWN else formats.html if suffix in _HTML else formats.plain)(body)
    title = str(fields.pop("title", None) or outline.title or Path(name).stem)
    access = _own_access(fields)
    yield _document(index, name, outline.sections(), title=title, own=_plain(fields), access=access)


def _lines(index: Index, project: Path, name: str, *, skipped: list[Skipped]) -> Iterator[Document]:
    for number, line in _numbered(project / name, name, skipped):
        try:
            read = msgspec.json.decode(line, type=_Line)
        except (msgspec.MsgspecError, RecursionError) as error:
            skipped.append(Skipped(name=f"{name}#{number}", why=f"line {number}: {error}"))
            continue
        called = f"{name}#{number if read.id is None else read.id}"
        sections = (Section(heading="", text=read.text.strip()),) if read.text.strip() else ()
        access = None if read.access is None else tuple(sorted(set(read.access)))
        yield _document(
            index, called, sections, title=read.title or called, own=_plain(read.metadata), access=access, path=name
        )


def _numbered(path: Path, name: str, skipped: list[Skipped]) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something; one that is too long is left out without being kept in memory."""
    with path.open("rb") as file:
        number, whole = 0, True
        while line := file.readline(MOST_BYTES):
            number, began = number + whole, whole
            whole = line.endswith(b"\n") or len(line) < MOST_BYTES
            if not whole and began:
                skipped.append(
                    Skipped(name=f"{name}#{number}", why=f"line {number} has more than {MOST_BYTES:,} bytes")
                )
            if began and whole and (said := line.removeprefix(b"\xef\xbb\xbf").strip()):
                yield number, said


def _document(
    index: Index,
    name: str,
    sections: tuple[Section, ...],
    *,
    title: str,
    own: Mapping[str, Any],
    access: tuple[str, ...] | None,
    path: str | None = None,
) -> Document:
    place = path or name
    metadata: dict[str, Any] = {}
    for pattern, values in index.metadata.items():
        if matches(place, pattern):
            metadata.update(values)
    metadata.update(own)
    for pattern, groups in index.access.items():
        if matches(place, pattern):
            access = tuple(sorted(set(groups) if access is None else set(groups) & set(access)))
    digest = digest_bytes(to_json([_READER, name, title, sections, sorted(metadata.items()), access]))
    return Document(name=name, title=title, sections=sections, metadata=metadata, access=access, digest=digest)


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise SourceError(f"it has {size:,} bytes, more than {MOST_BYTES:,}")
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        raise SourceError("it is binary")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    except UnicodeDecodeError as error:
        raise SourceError(f"it is not UTF-8: byte {error.start}") from error


def _own_access(fields: dict[str, Any]) -> tuple[str, ...] | None:
    if "access" not in fields:
        return None
    said = fields.pop("access")
    groups = [said] if isinstance(said, str) else said
    if not isinstance(groups, list) or not all(isinstance(group, str) and group for group in groups):
        raise SourceError(f"its access list is {said!r}, and not a list of groups")
    return tuple(sorted(set(groups)))


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The values that can be filtered by: scalars and lists of them; `title` and `section` are the chunks' own."""
    return {
        name: value
        for name, value in fields.items()
        if name not in ("title", "section")
        and (isinstance(value, _SCALAR) or (isinstance(value, list) and all(isinstance(v, _SCALAR) for v in value)))
    }
