"""Building a version: only what changed is cut and embedded, and a build that is killed goes on where it was.

Blobs are put one by one; the manifest comes last. What a killed build leaves are blobs that nothing points at.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from loopwright.core.codec import to_json
from loopwright.core.hashing import Digest
from loopwright.errors import SourceError
from loopwright.llm.embedder import Embedder
from loopwright.llm.retrieval.chunking import Chunk, Inspect
from loopwright.llm.retrieval.document import Corpus, Skipped
from loopwright.llm.retrieval.draft import Changes, Draft, draft
from loopwright.llm.retrieval.filters import columns_of
from loopwright.llm.retrieval.graph import FROM_CHUNKS, available, write_graph
from loopwright.llm.retrieval.index import Index
from loopwright.llm.retrieval.kept_vectors import KeptVectors
from loopwright.llm.retrieval.lexical import Postings, joined, postings_of
from loopwright.llm.retrieval.packed import (
    FORMAT,
    GRAPH,
    Making,
    Manifest,
    Packed,
    array_bytes,
    put_manifest,
)
from loopwright.llm.retrieval.reading import corpus_digest
from loopwright.llm.retrieval.stores import VectorStore
from loopwright.stats.arrays import AnyArray
from loopwright.store.blobs import Blobs

Progress = Callable[[int, int], None]
"""Told (chunks embedded, chunks to embed) as a build goes on."""
_TOGETHER = 64
_KEPT_EVERY = 512
_CHUNKS = msgspec.json.Decoder(Chunk)


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a build made.

    Attributes:
        digest: The version.
        manifest: What it is.
        changes: Documents, beside the version before.
        embedded: Chunks whose vectors were made now; all others had theirs.
        skipped: Files that are no part of it, with the reason.
        note: What falls short; empty where nothing does.
    """

    digest: Digest
    manifest: Manifest
    changes: Changes
    embedded: int
    skipped: tuple[Skipped, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a build works with.

    Attributes:
        blobs: Where parts are put.
        embedder: The one that the declaration names.
        kept: Vectors of a build that was killed.
        work: A folder for files on the way.
        progress: Told how far it is.
        inspect: Looks for suspicious text, such as instructions to a model. Such chunks stay, and say so in their
            metadata as `suspicious`.
        inspected: Name and version of `inspect`: another one looks at every document again.
        store: What the declaration's `store` names, opened; None where it names none.
    """

    blobs: Blobs
    embedder: Embedder
    kept: KeptVectors
    work: Path
    progress: Progress | None = None
    inspect: Inspect | None = None
    inspected: str = ""
    store: VectorStore | None = None


def build(index: Index, corpus: Corpus, tools: Tools, *, before: Packed | None = None) -> Built:
    """Make a version of an index.

    Args:
        index: The declaration.
        corpus: Its documents.
        tools: What it works with.
        before: The version before, whose chunks and vectors are used again.

    Raises:
        SourceError: No document holds any text.
        UpstreamError: A remote embedder failed; what it gave until then is kept.
    """
    making = Making(
        chunk=index.chunk, embedder=index.embedder, lexical=index.lexical,
        inspected=tools.inspected if tools.inspect is not None else "", store=index.store,
    )  # fmt: skip
    made = draft(corpus, making, before=before, inspect=tools.inspect)
    if made.n == 0:
        raise SourceError(f"no document of index {index.name!r} holds any text")
    raws = [before.raw(int(old)) if before and old >= 0 else to_json(made.new[row]) for row, old in enumerate(made.old)]
    vectors, embedded = _vectors(made, tools, before=before, text_of=lambda row: _CHUNKS.decode(raws[row]).searched)
    parts = {
        **_texts(tools.blobs, raws, made),
        **_postings(tools.blobs, _words(made, raws, making=making, before=before)),
    }
    with tempfile.TemporaryDirectory(dir=tools.work, prefix=f"index-{os.getpid()}-") as folder:
        parts |= _put_vectors(tools.blobs, vectors, Path(folder))
    if tools.store is not None:
        tools.store.put(parts["vectors"], vectors)
    parts["keys"] = tools.blobs.put(array_bytes(made.keys))
    manifest = Manifest(
        format=FORMAT, index=index.name, corpus=corpus_digest(corpus), making=making, embedder=tools.embedder.digest,
        dimensions=tools.embedder.dimensions, documents=len(corpus.documents), chunks=made.n, parts=parts,
    )  # fmt: skip
    return Built(
        digest=put_manifest(tools.blobs, manifest), manifest=manifest, changes=made.changes, embedded=embedded,
        skipped=corpus.skipped, note=shortfall(manifest),
    )  # fmt: skip


def unchanged(index: Index, corpus: Corpus, tools: Tools, *, before: Packed) -> bool:
    """Whether a build would make the version before again."""
    was = before.manifest
    making = was.making
    return (
        was.corpus == corpus_digest(corpus)
        and (making.chunk, making.embedder, making.lexical) == (index.chunk, index.embedder, index.lexical)
        and making.store == index.store
        and making.inspected == (tools.inspected if tools.inspect is not None else "")
        and was.embedder == tools.embedder.digest
        and (GRAPH in was.parts or not (was.chunks >= FROM_CHUNKS and available()))
    )


def _vectors(
    made: Draft, tools: Tools, *, before: Packed | None, text_of: Callable[[int], str]
) -> tuple[AnyArray, int]:
    """(n, dimensions) float32, and how many were made now."""
    dimensions = tools.embedder.dimensions
    vectors = np.zeros((made.n, dimensions), dtype=np.float32)
    missing: dict[bytes, int] = {}
    same: list[tuple[int, int]] = []
    known = tools.kept.vectors(dimensions) | _known(made, tools, before)
    if before is not None and before.manifest.embedder == tools.embedder.digest:
        there = made.old >= 0
        vectors[there] = before.array("vectors")[made.old[there]]
    else:
        there = np.zeros(made.n, dtype=np.bool_)
    for row in np.flatnonzero(~there).tolist():
        digest = made.keys[row].tobytes()
        if digest in known:
            vectors[row] = known[digest]
        elif digest in missing:
            same.append((row, missing[digest]))
        else:
            missing[digest] = row
    rows = list(missing.values())
    for start in range(0, len(rows), _KEPT_EVERY):
        batch = rows[start : start + _KEPT_EVERY]
        for at in range(0, len(batch), _TOGETHER):
            some = batch[at : at + _TOGETHER]
            vectors[some] = tools.embedder.embed([text_of(row) for row in some])
            if tools.progress is not None:
                tools.progress(start + at + len(some), len(rows))
        if len(rows) > _KEPT_EVERY:
            tools.kept.add([made.keys[row].tobytes() for row in batch], vectors[batch])
    for row, first in same:
        vectors[row] = vectors[first]
    return vectors, len(rows)


def _known(made: Draft, tools: Tools, before: Packed | None) -> dict[bytes, AnyArray]:
    """Vectors of the version before, by what they are of: a changed document has chunks that did not change."""
    if before is None or before.manifest.embedder != tools.embedder.digest or not made.new:
        return {}
    wanted = {made.keys[row].tobytes() for row in made.new}
    rows = {key.tobytes(): row for row, key in enumerate(before.array("keys"))}
    return {key: before.array("vectors")[rows[key]] for key in wanted & rows.keys()}


def _words(made: Draft, raws: Sequence[bytes], *, making: Making, before: Packed | None) -> Postings:
    stem = making.lexical.stem
    if before is None or before.manifest.making.lexical.stem != stem:
        return postings_of([_CHUNKS.decode(raw).searched for raw in raws], stem=stem)
    kept = np.full(before.manifest.chunks, -1, dtype=np.int64)
    there = np.flatnonzero(made.old >= 0)
    kept[made.old[there]] = there
    added = postings_of([chunk.searched for chunk in made.new.values()], stem=stem)
    return joined(before.postings, kept, added=added, places=np.array(list(made.new), dtype=np.int64))


def _texts(blobs: Blobs, raws: Sequence[bytes], made: Draft) -> dict[str, Digest]:
    # A line break comes first, and lists stand outermost: neither is taken for a manifest, whatever the documents say.
    offsets = np.cumsum([1, *(len(raw) for raw in raws)], dtype=np.int64)
    values, codes, access, readers = columns_of([_CHUNKS.decode(raw).metadata for raw in raws], made.access)
    return {
        "passages": blobs.put(b"\n" + b"".join(raws)),
        "offsets": blobs.put(array_bytes(offsets)),
        "columns": blobs.put(to_json([list(values.items()), access])),
        "codes": blobs.put(array_bytes(codes)),
        "readers": blobs.put(array_bytes(readers)),
        "documents": blobs.put(to_json(made.documents)),
    }


def _postings(blobs: Blobs, postings: Postings) -> dict[str, Digest]:
    arrays = {
        "terms": postings.terms, "starts": postings.starts, "postings": postings.chunks, "counts": postings.counts,
        "lengths": postings.lengths,
    }  # fmt: skip
    return {name: blobs.put(array_bytes(array)) for name, array in arrays.items()}


def _put_vectors(blobs: Blobs, vectors: AnyArray, folder: Path) -> dict[str, Digest]:
    np.save(folder / "vectors.npy", vectors, allow_pickle=False)
    parts = {"vectors": blobs.put_file(folder / "vectors.npy")}
    if vectors.shape[0] >= FROM_CHUNKS and available():
        write_graph(vectors, folder / "graph")
        parts[GRAPH] = blobs.put_file(folder / "graph")
    return parts


def shortfall(manifest: Manifest) -> str:
    """What a version lacks on this machine; empty: nothing."""
    if manifest.chunks < FROM_CHUNKS or GRAPH in manifest.parts:
        return ""
    return (
        f"each search compares {manifest.chunks:,} vectors: the library for graphs is not installed "
        "(pip install 'loopwright[llm]', then build again)"
    )
