"""Opens the embedder that a spec names."""

from pathlib import Path

from loopwright.llm.embedder import Embedder
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.embedding.minilm import MiniLm
from loopwright.llm.embedding.remote import RemoteEmbedder
from loopwright.llm.embedding.spec import EmbedderSpec


def open_embedder(spec: EmbedderSpec, *, folder: Path) -> Embedder:
    """Open an embedder. Nothing is downloaded, and an upstream is not asked before the first text.

    Args:
        spec: Which.
        folder: Where a local model's files are kept once they are made: the home's `cache`.

    Raises:
        MissingExtraError: A library or the weights are not installed.
    """
    if spec.upstream is not None:
        return RemoteEmbedder(spec.upstream, dimensions=spec.dimensions)
    return MiniLm(folder) if spec.kind == "minilm" else HashingEmbedder(spec.dimensions)
