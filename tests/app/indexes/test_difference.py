from tests.app.indexes.conftest import INDEX, write

from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.difference import difference
from loopwright.llm.retrieval.index import Index, chunks


def test_documents_and_the_declaration_are_compared(workspace):
    build_index(workspace, INDEX)
    write(workspace, "docs/a.md", "changed")
    write(workspace, "docs/c.md", "new")
    (workspace.project / "docs/b.md").unlink()
    build_index(workspace, Index("docs", source=INDEX.source, chunk=chunks(words=50)))
    found = difference(workspace, "docs@1", "docs@2")
    changes = found.documents
    assert (changes.added, changes.changed, changes.removed) == (("docs/c.md",), ("docs/a.md",), ("docs/b.md",))
    assert list(found.making) == ["chunk"]
    assert found.making["chunk"][1]["words"] == 50
