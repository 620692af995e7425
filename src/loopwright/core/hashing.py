"""BLAKE3 digests: 64 hexadecimal characters name bytes, files, values and trees."""

from pathlib import Path
from typing import Any

from blake3 import blake3

from loopwright.core.codec import canonical

Digest = str
_CHUNK_BYTES = 1 << 20


def digest_bytes(data: bytes | memoryview) -> Digest:
    """The digest of bytes."""
    return str(blake3(data).hexdigest())


def digest_value(value: Any) -> Digest:
    """The digest of a value's canonical JSON."""
    return digest_bytes(canonical(value))


def digest_file(path: Path) -> Digest:
    """The digest of a file, read in pieces of 1 MiB."""
    hasher = blake3()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            hasher.update(chunk)
    return str(hasher.hexdigest())


def is_digest(text: str) -> bool:
    """Whether `text` has the form of a digest."""
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)
