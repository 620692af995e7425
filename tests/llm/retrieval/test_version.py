import os
import threading

import numpy as np
import pytest

from loopwright.core.codec import canonical, plain
from loopwright.errors import BlobCorruptError, BlobMissingError, HomeTooNewError, ModelLoadError, UsageError
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.retrieval import build as building
from loopwright.llm.retrieval import graph
from loopwright.llm.retrieval.index import Index, chunks
from loopwright.llm.retrieval.version import open_version

INDEX = Index("docs", source="docs/**/*.md", chunk=chunks(words=40, overlap=8))


@pytest.fixture
def built(shelf):
    shelf.write("docs/keys.md", "---\narea: api\nyear: 2024\n---\n# Keys\n\nMake an API key, revoke an API key.\n")
    shelf.write("docs/canary.md", "---\narea: guide\n---\n# Canary\n\nA canary gets a share of the traffic.\n")
    shelf.write("docs/pay.md", "---\naccess: [staff]\narea: guide\n---\n# Pay\n\nSalaries: the canary earns 100.\n")
    return shelf.build(INDEX)


def test_passages_say_where_they_are_from(shelf, built):
    found = shelf.open(built).search("how do I revoke a key", limit=5)
    assert found[0].document == "docs/keys.md"
    assert found[0].text == "Make an API key, revoke an API key."
    assert found[0].metadata == {"area": "api", "year": 2024, "title": "Keys", "section": "Keys"}
    assert [passage.score for passage in found] == sorted((passage.score for passage in found), reverse=True)


@pytest.mark.parametrize("how", ["hybrid", "vector", "lexical"])
def test_each_way_finds_words_that_are_there(shelf, built, how):
    version = shelf.open(built)
    assert version.ranked("canary share of traffic", limit=1, how=how)[0].document == "docs/canary.md"


def test_where_is_asked_before_the_limit_is_counted(shelf, built):
    version = shelf.open(built)
    assert [p.document for p in version.search("canary", limit=1, where={"area": "api"})] == ["docs/keys.md"]
    assert version.search("canary", limit=5, where={"area": "none"}) == ()


def test_nobody_finds_what_they_are_not_on_the_list_of_by_any_way(shelf, built):
    version = shelf.open(built)
    for how in ("hybrid", "vector", "lexical"):
        for reader in ((), ("others",)):
            found = version.ranked("salaries of the canary", limit=10, how=how, reader=reader)
            assert "docs/pay.md" not in {passage.document for passage in found}
        found = version.ranked("salaries of the canary", limit=10, how=how, reader=("others", "staff"))
        assert found[0].document == "docs/pay.md"


def test_what_is_hidden_leaves_no_trace_in_passages_scores_or_numbers(shelf, built):
    restricted = shelf.open(built)
    (shelf.project / "docs/pay.md").unlink()
    without = shelf.open(shelf.build(INDEX))
    for question in ("salaries", "canary", "canary earns 100 traffic key"):
        for how in ("hybrid", "vector", "lexical"):
            assert restricted.ranked(question, limit=10, how=how) == without.ranked(question, limit=10, how=how)
    assert restricted.search("canary", limit=9, where={"title": "Pay"}) == ()


def test_as_many_are_found_as_there_are_for_the_reader(shelf):
    for number in range(60):
        shelf.write(f"docs/hidden{number}.md", f"---\naccess: [staff]\n---\nsecret plan number {number}")
    for number in range(3):
        shelf.write(f"docs/open{number}.md", f"public notice {number}")
    version = shelf.open(shelf.build(INDEX))
    assert len(version.ranked("secret plan", limit=10, how="vector")) == 3
    assert len(version.ranked("secret plan", limit=10, how="vector", reader=("staff",))) == 10


def test_several_versions_are_open_at_once_and_stay_as_they_were(shelf, built):
    first = shelf.open(built)
    shelf.write("docs/canary.md", "# Canary\n\nSomething quite different.\n")
    second = shelf.open(shelf.build(INDEX, before=built))
    assert first.search("canary traffic", limit=1)[0].text == "A canary gets a share of the traffic."
    assert second.search("canary", limit=1)[0].text == "Something quite different."
    assert first.digest != second.digest


@pytest.mark.parametrize("question", ["", " ", "?!", "\ud800", "x" * 1_000_000, "\u202e\u200b"])
def test_odd_questions_are_answered(shelf, built, question):
    assert isinstance(shelf.open(built).search(question, limit=3), tuple)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_bounds_is_refused(shelf, built, limit):
    with pytest.raises(UsageError, match="limit"):
        shelf.open(built).search("canary", limit=limit)


def test_another_embedder_than_the_one_of_the_vectors_is_refused(shelf, built):
    with pytest.raises(ModelLoadError, match="another embedder"):
        open_version(shelf.blobs, built.digest, run=shelf.project, embedder=HashingEmbedder(65))
    # The declaration's own has 512 dimensions; the build used one of 64.
    lazily = open_version(shelf.blobs, built.digest, run=shelf.project)
    with pytest.raises(ModelLoadError, match="another embedder"):
        lazily.search("canary", limit=1)


def test_a_version_that_is_gone_or_not_whole_is_said_at_once(shelf, built):
    with pytest.raises(BlobMissingError):
        open_version(shelf.blobs, "0" * 64, run=shelf.project)
    shelf.blobs.delete(built.manifest.parts["vectors"])
    with pytest.raises(BlobMissingError, match="not whole"):
        open_version(shelf.blobs, built.digest, run=shelf.project)


def test_a_damaged_part_is_found_out_on_the_first_search(shelf, built):
    path = shelf.blobs.local_path(built.manifest.parts["passages"])
    os.chmod(path, 0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    fresh = type(shelf.blobs)(path.parents[1])
    version = open_version(fresh, built.digest, run=shelf.project, embedder=HashingEmbedder(64))
    with pytest.raises(BlobCorruptError):
        version.search("canary", limit=1)


def test_another_blob_is_no_version_and_a_newer_form_is_said_to_be_one(shelf, built):
    other = shelf.blobs.put(b'{"kind": "model"}')
    with pytest.raises(BlobCorruptError, match="no version of an index"):
        open_version(shelf.blobs, other, run=shelf.project)
    newer = plain(shelf.blobs.get(built.digest)) | {"format": "index/2"}
    with pytest.raises(HomeTooNewError):
        open_version(shelf.blobs, shelf.blobs.put(canonical(newer)), run=shelf.project)


def test_several_threads_find_the_same(shelf, built):
    version = shelf.open(built)
    expected = version.search("canary", limit=5)
    found = []
    threads = [threading.Thread(target=lambda: found.append(version.search("canary", limit=5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


class TestWithAGraph:
    @pytest.fixture
    def versions(self, shelf, monkeypatch):
        """The same chunks with and without a graph; every tenth is open, the others are the staff's."""
        rng = np.random.default_rng(0)
        words = [f"w{number}" for number in range(300)]
        for number in range(2000):
            text = " ".join(rng.choice(words, size=12))
            access = "" if number % 10 == 0 else "---\naccess: [staff]\n---\n"
            shelf.write(f"docs/{number:04}.md", f"{access}{text}")
        exact = shelf.build(INDEX)
        monkeypatch.setattr(building, "FROM_CHUNKS", 1000)
        with_graph = shelf.build(INDEX, before=exact)
        assert graph.available()
        assert building.GRAPH in with_graph.manifest.parts
        assert building.GRAPH not in exact.manifest.parts
        assert shelf.build(INDEX).digest == with_graph.digest  # the graph is the same each time
        return shelf.open(exact), shelf.open(with_graph)

    def test_it_finds_nearly_all_that_comparing_with_each_finds(self, versions):
        exact, approximate = versions
        rng = np.random.default_rng(1)
        shared = 0
        for _ in range(50):
            question = " ".join(f"w{number}" for number in rng.integers(0, 300, size=5))
            one = {p.id for p in exact.ranked(question, limit=10, how="vector", reader=("staff",))}
            two = {p.id for p in approximate.ranked(question, limit=10, how="vector", reader=("staff",))}
            shared += len(one & two)
        assert shared >= 0.95 * 500

    def test_readers_of_few_chunks_find_as_many_as_there_are(self, versions):
        for version in versions:
            found = version.ranked("w1 w2 w3", limit=100, how="vector")
            assert len(found) == 100
            assert all(int(p.document[5:9]) % 10 == 0 for p in found)
