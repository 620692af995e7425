from tests.app.indexes.conftest import INDEX, write

from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.overview import index_details, indexes_of
from loopwright.llm.retrieval.index import Index


def test_every_index_is_listed_with_where_its_names_point(workspace):
    assert indexes_of(workspace) == ()
    build_index(workspace, INDEX, promote=True)
    write(workspace, "docs/c.md", "more")
    build_index(workspace, INDEX)
    build_index(workspace, Index("other", source="docs/a.md"))
    docs, other = indexes_of(workspace)
    assert (docs.name, docs.champion, docs.latest, len(docs.versions)) == ("docs", 1, 2, 2)
    assert (other.name, other.champion, other.latest, len(other.versions)) == ("other", None, 1, 1)


def test_a_version_says_what_it_is_made_of(workspace):
    write(workspace, "docs/c.md", "---\naccess: [staff]\n---\nsecret")
    build_index(workspace, INDEX, promote=True)
    found = index_details(workspace, "docs")
    assert [row.name for row in found.documents] == ["docs/a.md", "docs/b.md", "docs/c.md"]
    assert found.restricted
    assert found.making["chunk"] == {"words": 180, "overlap": 30}
    assert all(size > 0 for size in found.bytes_by_part.values())
