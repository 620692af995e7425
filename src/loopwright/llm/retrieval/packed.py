"""A version of an index as blobs: a manifest that names its parts, each an array or JSON, read by mapping files.

The manifest's own digest is the version's. Chunks are rows 0 to n - 1, those of a document next to one another,
documents by name.
"""

import io
from functools import cached_property
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import RLock

import msgspec
import numpy as np

from loopwright.core.codec import canonical, from_json, plain
from loopwright.core.hashing import Digest
from loopwright.errors import BlobCorruptError, BlobMissingError, HomeTooNewError
from loopwright.llm.embedding.spec import EmbedderSpec
from loopwright.llm.retrieval.chunking import Chunk
from loopwright.llm.retrieval.filters import Columns
from loopwright.llm.retrieval.graph import Graph
from loopwright.llm.retrieval.index import Chunks, Lexical
from loopwright.llm.retrieval.lexical import Postings
from loopwright.stats.arrays import AnyArray
from loopwright.store.blobs import Blobs

FORMAT = "index/1"
ARRAYS = (
    "offsets", "keys", "vectors", "terms", "starts", "postings", "counts", "lengths", "codes", "readers",
)  # fmt: skip
TEXTS = ("passages", "columns", "documents")
GRAPH = "graph"
_CHUNKS = msgspec.json.Decoder(Chunk)


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """How a version was made of its documents.

    Attributes:
        chunk: How they were cut.
        embedder: What made vectors.
        lexical: How words are scored.
        inspected: What looked for suspicious text; empty: nothing did.
        store: URL of the store that searches its vectors; empty: its own files.
    """

    chunk: Chunks
    embedder: EmbedderSpec
    lexical: Lexical
    inspected: str = ""
    store: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a version is.

    Attributes:
        format: Of this manifest.
        index: The index's name.
        corpus: Digest of the documents.
        making: How it was made of them.
        embedder: Digest of what made the vectors.
        dimensions: Of a vector.
        documents: How many.
        chunks: How many.
        parts: Digest by part.
    """

    format: str
    index: str
    corpus: Digest
    making: Making
    embedder: Digest
    dimensions: int
    documents: int
    chunks: int
    parts: dict[str, Digest]


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A document of a version."""

    name: str
    digest: Digest
    chunks: int


def read_manifest(blobs: Blobs, digest: Digest) -> Manifest:
    """The manifest of a version.

    Raises:
        BlobMissingError: There is no such version, or a part of it is gone.
        BlobCorruptError: The blob is none.
        HomeTooNewError: A newer Loopwright wrote it.
    """
    data = blobs.get(digest)
    try:
        said = plain(data)
        form = said.get("format", "") if isinstance(said, dict) else ""
        if form != FORMAT and str(form).startswith("index/"):
            raise HomeTooNewError(f"version {digest[:12]} of an index has the form {form!r}", why=f"known: {FORMAT!r}")
        manifest = from_json(data, Manifest)
    except msgspec.MsgspecError as error:
        raise BlobCorruptError(f"{digest[:12]} is no version of an index", why=str(error), digest=digest) from error
    gone = [name for name, part in manifest.parts.items() if not blobs.has(part)]
    if gone or manifest.format != FORMAT or not {*ARRAYS, *TEXTS} <= set(manifest.parts):
        raise BlobMissingError(
            f"version {digest[:12]} of index {manifest.index!r} is not whole", why=f"missing: {', '.join(gone)}",
            fix=f"Build it again: loopwright index build {manifest.index}", digest=digest,
        )  # fmt: skip
    return manifest


class Packed:
    """One version's parts, each mapped when it is first asked for. Safe from several threads.

    Args:
        blobs: Where they are.
        digest: The version.

    Raises:
        BlobMissingError, BlobCorruptError, HomeTooNewError: As `read_manifest`.
    """

    def __init__(self, blobs: Blobs, digest: Digest) -> None:
        self.digest = digest
        self.manifest = read_manifest(blobs, digest)
        self._blobs = blobs
        self._arrays: dict[str, AnyArray] = {}
        self._lock = RLock()

    def array(self, name: str) -> AnyArray:
        """A part that is an array; its file is verified, and mapped, once."""
        found = self._arrays.get(name)
        if found is not None:
            return found
        with self._lock:
            path = self.path(name)
            empty = path.stat().st_size < 1024 and 0 in np.load(path).shape  # nothing to map
            return self._arrays.setdefault(name, np.load(path) if empty else np.load(path, mmap_mode="r"))

    def path(self, name: str) -> Path:
        """A part's file."""
        return self._blobs.local_path(self.manifest.parts[name])

    def raw(self, row: int) -> bytes:
        """A chunk as it is kept."""
        offsets = self.array("offsets")
        return self._passages[int(offsets[row]) : int(offsets[row + 1])]

    def chunk(self, row: int) -> Chunk:
        """A chunk."""
        return _CHUNKS.decode(self.raw(row))

    @cached_property
    def postings(self) -> Postings:
        """The lexical index."""
        return Postings(
            terms=self.array("terms"), starts=self.array("starts"), chunks=self.array("postings"),
            counts=self.array("counts"), lengths=self.array("lengths"),
        )  # fmt: skip

    @cached_property
    def columns(self) -> Columns:
        """The metadata's values and the access lists."""
        fields, access = plain(self._blobs.get(self.manifest.parts["columns"]))
        return Columns(dict(fields), self.array("codes"), access=access, readers=self.array("readers"))

    @cached_property
    def access(self) -> list[list[str] | None]:
        """The different access lists, in the order of their numbers in the part `readers`."""
        lists: list[list[str] | None] = plain(self._blobs.get(self.manifest.parts["columns"]))[1]
        return lists

    @cached_property
    def documents(self) -> tuple[DocumentRow, ...]:
        """The documents by name."""
        return from_json(self._blobs.get(self.manifest.parts["documents"]), tuple[DocumentRow, ...])

    @cached_property
    def graph(self) -> Graph | None:
        """The graph over the vectors, where there is one. Raises MissingExtraError."""
        with self._lock:
            return Graph(self.path(GRAPH)) if GRAPH in self.manifest.parts else None

    @cached_property
    def _passages(self) -> mmap:
        with self.path("passages").open("rb") as file:
            return mmap(file.fileno(), 0, access=ACCESS_READ)


def array_bytes(array: AnyArray) -> bytes:
    """An array as a part."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def put_manifest(blobs: Blobs, manifest: Manifest) -> Digest:
    """Store a manifest whose parts are stored: the version is there from now on."""
    return blobs.put(canonical(manifest))
