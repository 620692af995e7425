"""Vectors that a build has made so far: kept batch by batch, so that a build that is killed goes on where it was."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from loopwright.core.codec import canonical, from_json
from loopwright.core.hashing import Digest
from loopwright.errors import BlobCorruptError, BlobMissingError
from loopwright.llm.retrieval.packed import array_bytes
from loopwright.stats.arrays import AnyArray
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger

KEY_BYTES = 32


class _Batches(msgspec.Struct, frozen=True, kw_only=True):
    """Batches by number, found from the ref."""

    parts: dict[str, Digest] = {}
    format: str = "index_vectors/1"


class KeptVectors:
    """The batches behind one ref. Two builds at once may lose each other's batches, never a version.

    Args:
        blobs: Where batches are put.
        ledger: Where the ref is.
        ref: Its name, one for each index and embedder.
    """

    def __init__(self, blobs: Blobs, ledger: Ledger, ref: str) -> None:
        self._blobs = blobs
        self._ledger = ledger
        self._ref = ref
        self._batches = self._read()

    @property
    def end(self) -> Mapping[str, str | None]:
        """The move that drops the batches, for the commit that keeps a version which holds them."""
        return {self._ref: None} if self._ledger.ref(self._ref) is not None else {}

    def vectors(self, dimensions: int) -> dict[bytes, AnyArray]:
        """(dimensions,) float32 by the digest of the text; a batch that is damaged is left out."""
        found: dict[bytes, AnyArray] = {}
        for digest in self._batches.parts.values():
            try:
                rows = np.load(self._blobs.local_path(digest))
            except (BlobMissingError, BlobCorruptError, ValueError):
                continue
            if rows.ndim == 2 and rows.shape[1] == KEY_BYTES + 4 * dimensions:
                vectors = np.ascontiguousarray(rows[:, KEY_BYTES:]).view(np.float32)
                found |= {row[:KEY_BYTES].tobytes(): vector for row, vector in zip(rows, vectors, strict=True)}
        return found

    def add(self, keys: Sequence[bytes], vectors: AnyArray) -> None:
        """Keep a batch."""
        digests = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), KEY_BYTES)
        values = np.ascontiguousarray(vectors, dtype=np.float32).view(np.uint8)
        digest = self._blobs.put(array_bytes(np.hstack((digests, values))))
        parts = {**self._batches.parts, str(len(self._batches.parts)): digest}
        self._batches = _Batches(parts=parts)
        self._ledger.commit(moves={self._ref: self._blobs.put(canonical(self._batches))}, durability="normal")

    def _read(self) -> _Batches:
        target = self._ledger.ref(self._ref)
        if target is None:
            return _Batches()
        try:
            return from_json(self._blobs.get(target), _Batches)
        except (BlobMissingError, BlobCorruptError, msgspec.MsgspecError):
            return _Batches()
