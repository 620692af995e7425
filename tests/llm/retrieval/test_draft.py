import pytest

from loopwright.llm.retrieval.draft import changes, draft
from loopwright.llm.retrieval.index import Index, chunks
from loopwright.llm.retrieval.packed import DocumentRow, Packed
from loopwright.llm.retrieval.reading import read_corpus

INDEX = Index("docs", source="docs/*.md", chunk=chunks(words=20))


def row(name, digest):
    return DocumentRow(name=name, digest=digest, chunks=1)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ({"a": "1"}, {}, (("a",), (), (), 0)),
        ({"a": "1"}, {"a": "1"}, ((), (), (), 1)),
        ({"a": "2"}, {"a": "1"}, ((), ("a",), (), 0)),
        ({}, {"b": "1", "a": "1"}, ((), (), ("a", "b"), 0)),
    ],
)
def test_documents_are_added_changed_removed_or_as_they_were(now, before, expected):
    found = changes(tuple(row(name, digest) for name, digest in now.items()), before)
    assert (found.added, found.changed, found.removed, found.unchanged) == expected


def test_rows_of_unchanged_documents_are_taken_over_and_others_cut(shelf):
    for name in "abc":
        shelf.write(f"docs/{name}.md", f"text of {name}")
    built = shelf.build(INDEX)
    shelf.write("docs/b.md", "another text")
    (shelf.project / "docs/a.md").unlink()
    corpus = read_corpus(INDEX, shelf.project)
    made = draft(corpus, built.manifest.making, before=Packed(shelf.blobs, built.digest))
    assert made.old.tolist() == [-1, 2]
    assert {place: chunk.text for place, chunk in made.new.items()} == {0: "another text"}
    assert made.keys[1].tobytes() == Packed(shelf.blobs, built.digest).array("keys")[2].tobytes()
