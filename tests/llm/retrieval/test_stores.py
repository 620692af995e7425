from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from loopwright.core.codec import plain
from loopwright.errors import StoreError, UsageError
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.retrieval import stores
from loopwright.llm.retrieval.index import Index
from loopwright.llm.retrieval.stores import FileVectors, open_store
from loopwright.llm.retrieval.version import open_version
from loopwright.testing.vector_store_suite import KEY, VectorStoreSuite, unit_vectors


class TestFileVectors(VectorStoreSuite):
    implementation = FileVectors

    @pytest.fixture
    def vector_store(self, tmp_path):
        return FileVectors(tmp_path / "vectors")


class TestFileVectorsWithAGraph(VectorStoreSuite):
    implementation = FileVectors

    @pytest.fixture
    def vector_store(self, tmp_path, monkeypatch):
        monkeypatch.setattr(stores.graph, "FROM_CHUNKS", 2)
        return FileVectors(tmp_path / "vectors")


class Remembering(FileVectors):
    """A store of a package: it counts what it is asked."""

    made: ClassVar = []

    def __init__(self, url):
        super().__init__(Remembering.folder)
        self.url, self.searches = url, 0
        Remembering.made.append(self)

    def search(self, *args, **kwargs):
        self.searches += 1
        return super().search(*args, **kwargs)


@pytest.fixture
def plugged(monkeypatch, tmp_path):
    monkeypatch.setattr(Remembering, "folder", tmp_path / "elsewhere", raising=False)
    monkeypatch.setattr(Remembering, "made", [])

    def points(group, name):
        there = EntryPoint(name="memo", value="tests.llm.retrieval.test_stores:Remembering", group=group)
        broken = EntryPoint(name="broken", value="tests.llm.retrieval.test_stores:nothing", group=group)
        other = EntryPoint(name="other", value="builtins:str", group=group)
        return [point for point in (there, broken, other) if point.name == name]

    monkeypatch.setattr(stores, "entry_points", points)
    monkeypatch.setattr(EntryPoint, "load", lambda self: {"memo": Remembering, "other": str}[self.name])


def test_a_store_of_a_package_is_found_by_its_scheme_and_asked_for_searches(shelf, plugged):
    shelf.write("docs/a.md", "# Keys\n\nrevoke a key")
    shelf.write("docs/b.md", "# Canary\n\na share of the traffic")
    index = Index("docs", source="docs/*.md", store="memo://shelf")
    built = shelf.build(index, store=open_store("memo://shelf", base=shelf.project))
    assert plain(shelf.blobs.get(built.digest))["making"]["store"] == "memo://shelf"
    version = open_version(shelf.blobs, built.digest, run=shelf.project, embedder=HashingEmbedder(64))
    assert version.ranked("revoke a key", limit=1, how="vector")[0].document == "docs/a.md"
    assert Remembering.made[-1].searches == 1


def test_a_store_that_has_lost_a_version_is_given_it_again(shelf, plugged):
    shelf.write("docs/a.md", "# Keys\n\nrevoke a key")
    built = shelf.build(Index("docs", source="docs/*.md", store="memo://shelf"))
    version = open_version(shelf.blobs, built.digest, run=shelf.project, embedder=HashingEmbedder(64))
    assert version.ranked("revoke a key", limit=1, how="vector")[0].document == "docs/a.md"
    assert Remembering.made[-1].remove(built.manifest.parts["vectors"])


@pytest.mark.parametrize("url", ["broken://x", "other://x", "unknown://x", "no url", "memo://user:secret@host/x"])
def test_a_store_that_cannot_be_opened_is_one_error_without_its_secret(plugged, tmp_path, url):
    with pytest.raises(UsageError) as caught:
        open_store(url, base=tmp_path)
    assert "secret@" not in str(caught.value.as_dict())
    if "secret" in url:
        with pytest.raises(UsageError):
            Index("docs", source="docs", store=url)


def test_a_key_is_a_digest_and_no_path(tmp_path):
    with pytest.raises(UsageError):
        FileVectors(tmp_path).put("../x", unit_vectors(1))


def test_a_put_that_ends_on_the_way_leaves_nothing(tmp_path, monkeypatch):
    store = FileVectors(tmp_path)
    monkeypatch.setattr(stores.np, "save", lambda *args, **kwargs: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(StoreError):
        store.put(KEY, unit_vectors(2))
    assert list(tmp_path.iterdir()) == []
