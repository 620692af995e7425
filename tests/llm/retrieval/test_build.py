import numpy as np
import pytest

from loopwright.errors import SourceError
from loopwright.llm.retrieval.build import Tools, unchanged
from loopwright.llm.retrieval.index import Index, Lexical, chunks
from loopwright.llm.retrieval.kept_vectors import KeptVectors
from loopwright.llm.retrieval.packed import Packed
from loopwright.llm.retrieval.reading import read_corpus
from loopwright.store.reachable import reachable

INDEX = Index("docs", source="docs/**/*.md", chunk=chunks(words=20, overlap=4))


@pytest.fixture
def built(shelf):
    for number in range(5):
        words = " ".join(f"word{number}x{place}" for place in range(50))
        shelf.write(f"docs/{number}.md", f"# Title {number}\n\n{words}\n")
    return shelf.build(INDEX)


def test_the_same_documents_are_the_same_version(shelf, built):
    assert shelf.build(INDEX).digest == built.digest


def test_only_what_changed_is_embedded_and_the_version_is_that_of_a_build_from_nothing(shelf, built):
    before = len(shelf.embedder.texts)
    shelf.write("docs/2.md", "# Title 2\n\nquite another text\n")
    shelf.write("docs/9.md", "# Nine\n\nbrand new\n")
    (shelf.project / "docs/4.md").unlink()
    after = shelf.build(INDEX, before=built)
    assert (after.changes.added, after.changes.changed, after.changes.removed, after.changes.unchanged) == (
        ("docs/9.md",), ("docs/2.md",), ("docs/4.md",), 3,
    )  # fmt: skip
    assert len(shelf.embedder.texts) - before == after.embedded == 2
    assert shelf.build(INDEX).digest == after.digest != built.digest


def test_a_changed_document_keeps_the_vectors_of_the_chunks_that_did_not_change(shelf):
    sections = [f"## Part {number}\n\ntext of part {number}\n" for number in range(6)]
    shelf.write("docs/a.md", "# T\n" + "".join(sections))
    first = shelf.build(INDEX)
    shelf.write("docs/a.md", "# T\n" + "".join([*sections[:2], "## Part 2\n\nanother text\n", *sections[3:]]))
    second = shelf.build(INDEX, before=first)
    assert (first.embedded, second.embedded) == (6, 1)
    assert second.digest == shelf.build(INDEX).digest


def test_unchanged_documents_keep_their_chunks(shelf, built):
    shelf.write("docs/2.md", "# Title 2\n\nquite another text\n")
    after = shelf.chunks(shelf.build(INDEX, before=built))
    kept = {chunk for chunk, document in shelf.chunks(built).items() if document != "docs/2.md"}
    assert kept < set(after)


@pytest.mark.parametrize(
    ("other", "embedded"),
    [
        (Index("docs", source="docs/**/*.md", chunk=chunks(words=10, overlap=0)), True),
        (Index("docs", source="docs/**/*.md", chunk=INDEX.chunk, lexical=Lexical(stem=False)), False),
        (Index("docs", source="docs/**/*.md", chunk=INDEX.chunk, access={"docs/1*": ["staff"]}), False),
    ],
)
def test_another_declaration_is_another_version_as_if_built_from_nothing(shelf, built, other, embedded):
    after = shelf.build(other, before=built)
    assert after.digest != built.digest
    assert after.digest == shelf.build(other).digest
    assert (after.embedded > 0) is embedded


def test_an_unchanged_index_is_known_without_building_it(shelf, built):
    def same(index):
        tools = Tools(
            blobs=shelf.blobs, embedder=shelf.embedder, kept=KeptVectors(shelf.blobs, shelf.ledger, "r"),
            work=shelf.project,
        )  # fmt: skip
        return unchanged(index, read_corpus(index, shelf.project), tools, before=Packed(shelf.blobs, built.digest))

    assert same(INDEX)
    assert not same(Index("docs", source="docs/**/*.md", chunk=chunks(words=21, overlap=4)))
    shelf.write("docs/2.md", "other")
    assert not same(INDEX)


def test_what_inspects_is_asked_again_only_when_it_is_another_one(shelf, built):
    asked = []

    def inspect(text):
        asked.append(text)
        return ("instructions",) if "word1x3 " in text else ()

    first = shelf.build(INDEX, before=built, inspect=inspect, inspected="guards/1")
    assert len(asked) == first.manifest.chunks
    found = shelf.open(first).search("word1x3", limit=1)[0]
    assert found.metadata["suspicious"] == ["instructions"]
    shelf.build(INDEX, before=first, inspect=inspect, inspected="guards/1")
    assert len(asked) == first.manifest.chunks
    shelf.build(INDEX, before=first, inspect=inspect, inspected="guards/2")
    assert len(asked) == 2 * first.manifest.chunks


def test_a_corpus_without_text_is_refused(shelf):
    shelf.write("docs/a.md", "   \n")
    with pytest.raises(SourceError, match="no document of index 'docs' holds any text"):
        shelf.build(INDEX)


def test_a_build_that_fails_on_the_way_goes_on_where_it_was(shelf, monkeypatch):
    for number in range(40):
        words = " ".join(f"word{number}x{place}" for place in range(600))
        shelf.write(f"docs/{number}.md", words)
    embed = type(shelf.embedder).embed

    def failing(self, texts):
        if len(self.texts) > 1100:
            raise ConnectionError("gone")
        return embed(self, texts)

    monkeypatch.setattr(type(shelf.embedder), "embed", failing)
    with pytest.raises(ConnectionError):
        shelf.build(INDEX)
    monkeypatch.setattr(type(shelf.embedder), "embed", embed)
    shelf.embedder.texts.clear()
    told = []
    built = shelf.build(INDEX, progress=lambda done, total: told.append((done, total)))
    assert built.embedded == len(shelf.embedder.texts) == built.manifest.chunks - 1024
    assert told[-1] == (built.embedded, built.embedded)
    kept = np.array(Packed(shelf.blobs, built.digest).array("vectors"))
    shelf.ledger.commit(moves={"default/index/docs@building": None})
    fresh = shelf.build(INDEX)
    assert fresh.embedded == built.manifest.chunks
    np.testing.assert_array_equal(Packed(shelf.blobs, fresh.digest).array("vectors"), kept)


def test_equal_texts_are_embedded_once(shelf):
    shelf.write("docs/a.md", "# T\n\nthe same words")
    shelf.write("docs/b.md", "# T\n\nthe same words")
    built = shelf.build(INDEX)
    assert (built.embedded, built.manifest.chunks) == (1, 2)
    vectors = Packed(shelf.blobs, built.digest).array("vectors")
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_every_part_is_reached_from_a_ref_whatever_the_documents_say(shelf):
    decoy = "a" * 64
    shelf.write("docs/a.md", f'---\nblob: {decoy}\ntree: {decoy}\n---\n{{"blob": "{decoy}"}}')
    built = shelf.build(INDEX)
    shelf.ledger.commit(moves={"default/index/docs@champion": built.digest})
    reached = reachable(shelf.blobs, shelf.ledger)
    assert reached.absent == {}
    assert reached.present == {built.digest, *built.manifest.parts.values()}
