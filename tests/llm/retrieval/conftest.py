"""A project of documents, and what builds an index of it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.retrieval.build import Built, Tools, build
from loopwright.llm.retrieval.index import Index
from loopwright.llm.retrieval.kept_vectors import KeptVectors
from loopwright.llm.retrieval.packed import Packed
from loopwright.llm.retrieval.reading import read_corpus
from loopwright.llm.retrieval.version import IndexVersion, open_version
from loopwright.store.backends.local_blobs import LocalBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.testing.clocks import ManualClock

REF = "default/index/docs@building"


class Counting(HashingEmbedder):
    """Counts the texts that it is given."""

    def __init__(self, dimensions):
        super().__init__(dimensions)
        self.texts = []

    def embed(self, texts):
        self.texts.extend(texts)
        return super().embed(texts)


@dataclass
class Shelf:
    """A project, its stores, and the embedder that its builds use."""

    project: Path
    blobs: LocalBlobs
    ledger: MemoryLedger
    embedder: Counting

    def write(self, name: str, text: str | bytes) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def build(self, index: Index, *, before: Built | None = None, **more) -> Built:
        tools = Tools(
            blobs=self.blobs, embedder=self.embedder, kept=KeptVectors(self.blobs, self.ledger, REF),
            work=self.project, **more,
        )  # fmt: skip
        packed = None if before is None else Packed(self.blobs, before.digest)
        return build(index, read_corpus(index, self.project), tools, before=packed)

    def open(self, built: Built) -> IndexVersion:
        return open_version(self.blobs, built.digest, run=self.project, embedder=HashingEmbedder(64))

    def chunks(self, built: Built) -> dict[str, str]:
        packed = Packed(self.blobs, built.digest)
        return {packed.chunk(row).id: packed.chunk(row).document for row in range(built.manifest.chunks)}


@pytest.fixture
def shelf(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    return Shelf(
        project=project, blobs=LocalBlobs(tmp_path / "blobs"), ledger=MemoryLedger(clock=ManualClock()),
        embedder=Counting(64),
    )  # fmt: skip
