"""How long a search takes over many chunks, alone and under filters, and how long a build takes, whole and incremental.

Run: python benchmarks/retrieval.py [--chunks 100000] [--dimensions 384]

The corpus is this project's documentation, its sentences drawn anew by a seeded generator until there are enough
chunks. Vectors are hashed words: a model's take longer to make, by its own time for a text.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from loopwright.core.clock import SystemClock
from loopwright.llm.embedder import Embedder
from loopwright.llm.embedding.spec import hashing
from loopwright.llm.embedding.table import open_embedder
from loopwright.llm.retrieval.build import Tools, build
from loopwright.llm.retrieval.index import Index
from loopwright.llm.retrieval.kept_vectors import KeptVectors
from loopwright.llm.retrieval.packed import Packed
from loopwright.llm.retrieval.reading import read_corpus
from loopwright.llm.retrieval.version import IndexVersion, open_version
from loopwright.store.backends.local_blobs import LocalBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger

ROOT = Path(__file__).parents[1]
QUESTIONS = (
    "How do I roll back a release?", "What happens when an arm crashes?", "Which labels are asked for?",
    "How is drift told apart from noise?", "Where are keys kept and how are they revoked?",
    "What does a canary need before it advances?", "How long are request logs kept?", "How do I score a whole table?",
)  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--chunks", type=int, default=100_000)
    arguments.add_argument("--dimensions", type=int, default=384)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder), asked.chunks, asked.dimensions)
    print(json.dumps(figures, indent=2))


def measured(folder: Path, chunks: int, dimensions: int) -> dict[str, object]:
    """Every figure, in milliseconds where its name ends so."""
    project = folder / "project"
    write_corpus(project, chunks)
    spec = hashing(dimensions)
    index = Index("bench", source="**/*.jsonl", embedder=spec, access={"staff/**": ["staff"]})
    embedder = open_embedder(spec, folder=folder)
    blobs = LocalBlobs(folder / "blobs", sync="deferred")
    tools = Tools(
        blobs=blobs, embedder=embedder, work=folder, kept=KeptVectors(blobs, MemoryLedger(clock=SystemClock()), "bench")
    )
    began = time.perf_counter()
    corpus = read_corpus(index, project)
    read_s = time.perf_counter() - began
    began, busy = time.perf_counter(), time.process_time()
    built = build(index, corpus, tools)
    build_s, build_cpu_s = time.perf_counter() - began, time.process_time() - busy
    figures: dict[str, object] = {
        "chunks": built.manifest.chunks, "dimensions": dimensions, "read_s": round(read_s, 2),
        "build_s": round(build_s, 2), "build_cpu_s": round(build_cpu_s, 2),
        "graph": "graph" in built.manifest.parts,
    }  # fmt: skip
    change(project)
    began = time.perf_counter()
    again = build(index, read_corpus(index, project), tools, before=Packed(blobs, built.digest))
    figures["one_document_changed_s"] = round(time.perf_counter() - began, 2)
    figures["embedded_then"] = again.embedded
    del corpus
    began = time.perf_counter()
    version = open_version(LocalBlobs(folder / "blobs"), again.digest, run=folder)
    figures["open_ms"] = round(1000 * (time.perf_counter() - began), 2)
    began = time.perf_counter()
    version.search(QUESTIONS[0], limit=5, reader=("staff",))
    figures["first_search_ms"] = round(1000 * (time.perf_counter() - began), 1)
    return figures | searches(version, embedder)


def searches(version: IndexVersion, embedder: Embedder) -> dict[str, object]:
    """Medians and 95th percentiles of each kind of search, and processor time."""
    staff: dict[str, object] = {"limit": 5, "reader": ("staff",)}
    kinds: dict[str, dict[str, object]] = {
        "hybrid_staff": staff, "hybrid_public": {"limit": 5}, "hybrid_where": {**staff, "where": {"shelf": 3}},
        "vector": {**staff, "how": "vector"}, "lexical": {**staff, "how": "lexical"},
    }  # fmt: skip
    figures: dict[str, object] = {}
    for name, how in kinds.items():
        took = np.array([timed(version, question, how) for _ in range(12) for question in QUESTIONS][len(QUESTIONS) :])
        figures[f"{name}_p50_ms"] = round(1000 * float(np.median(took[:, 0])), 2)
        figures[f"{name}_p95_ms"] = round(1000 * float(np.quantile(took[:, 0], 0.95)), 2)
        figures[f"{name}_cpu_ms"] = round(1000 * float(np.median(took[:, 1])), 2)
    took = [timed_embedding(embedder, question) for _ in range(20) for question in QUESTIONS]
    figures["of_which_embedding_ms"] = round(1000 * float(np.median(took)), 2)
    figures["most_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def timed(version: IndexVersion, question: str, how: dict[str, object]) -> tuple[float, float]:
    """Seconds of the clock, and of the processor, which other programs change less."""
    began, busy = time.perf_counter(), time.process_time()
    version.ranked(question, **how)  # type: ignore[arg-type]
    return time.perf_counter() - began, time.process_time() - busy


def timed_embedding(embedder: Embedder, question: str) -> float:
    began = time.perf_counter()
    embedder.embed([question])
    return time.perf_counter() - began


def write_corpus(project: Path, chunks: int) -> None:
    """JSON lines of about 100 words each, every fifth for the staff alone."""
    rng = np.random.default_rng(0)
    text = " ".join(path.read_text() for path in sorted((ROOT / "docs").glob("**/*.md")))
    sentences = [one for one in text.replace("\n", " ").split(". ") if 4 <= len(one.split()) <= 40]
    for place, share in (("public", 0.8), ("staff", 0.2)):
        (project / place).mkdir(parents=True)
        with (project / place / "corpus.jsonl").open("w") as file:
            for number in range(int(chunks * share)):
                drawn = rng.integers(0, len(sentences), size=7)
                said = ". ".join(sentences[one] for one in drawn)
                line = {"id": number, "text": " ".join(said.split()[:170]), "metadata": {"shelf": number % 50}}
                file.write(json.dumps(line) + "\n")


def change(project: Path) -> None:
    with (project / "public" / "corpus.jsonl").open("a") as file:
        file.write(json.dumps({"id": "new", "text": "A document that was not there before."}) + "\n")


if __name__ == "__main__":
    main()
