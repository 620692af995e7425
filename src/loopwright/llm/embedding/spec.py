"""Which embedder, as a value: part of the identity of an index and of a cache."""

from typing import Literal

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.route import Upstream

HASHING_DIMENSIONS = 512


class EmbedderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One embedder, as `hashing()`, `minilm()` and `remote()` make them.

    Attributes:
        kind: `hashing` needs nothing and knows no meaning; `minilm` is a small model on this machine; `remote` asks an
            upstream.
        dimensions: Length of a vector. `minilm` has 384.
        upstream: Who is asked; for `remote` alone.
    """

    kind: Literal["hashing", "minilm", "remote"]
    dimensions: int
    upstream: Upstream | None = None

    def __post_init__(self) -> None:
        if self.dimensions < 1:
            raise UsageError(f"an embedder of {self.dimensions} dimensions", why="a vector has at least one")
        if (self.kind == "remote") != (self.upstream is not None):
            raise UsageError(
                f"an embedder of kind {self.kind!r} {'without' if self.upstream is None else 'with'} an upstream",
                why="the kind `remote` has one, no other kind has",
            )


def hashing(dimensions: int = HASHING_DIMENSIONS) -> EmbedderSpec:
    """Words and pieces of words, hashed: finds texts that share words, not texts that share a meaning.

    Args:
        dimensions: Length of a vector.
    """
    return EmbedderSpec(kind="hashing", dimensions=dimensions)


def minilm() -> EmbedderSpec:
    """all-MiniLM-L6-v2 on this machine, English above all; texts count up to their 256th token."""
    return EmbedderSpec(kind="minilm", dimensions=384)


def remote(upstream: Upstream, *, dimensions: int) -> EmbedderSpec:
    """A model behind an OpenAI-compatible `/embeddings`.

    Args:
        upstream: Who; a field such as `{"dimensions": 256}` in its `parameters` is sent along.
        dimensions: Length of the vectors that it gives; another length is an error.
    """
    return EmbedderSpec(kind="remote", dimensions=dimensions, upstream=upstream)
