import pytest
from tests.app.indexes.conftest import INDEX, write

from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.removing import pinned, remove_index
from loopwright.core.codec import canonical, plain
from loopwright.core.schema import Column, Signature
from loopwright.errors import UsageError
from loopwright.formats.value import put_value
from loopwright.llm.application import KIND, Application
from loopwright.llm.retrieval.index import Index
from loopwright.llm.route import Route, Upstream
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.registry.version import Provenance, register_version


def test_what_an_application_reads_is_kept(workspace):
    built = build_index(workspace, INDEX)
    write(workspace, "docs/c.md", "more")
    build_index(workspace, INDEX, promote=True)
    assert pinned(workspace) == frozenset()
    blobs = workspace.stores.blobs
    application = Application(route=Route(upstreams=(Upstream(name="a", url="http://127.0.0.1:1/v1", model="m"),)))
    parts = {
        "application": put_value(blobs, plain(canonical(application))),
        "index": put_value(blobs, {"index": "docs", "version": built.version}),
    }
    signature = Signature(
        task="generation", request=(Column(name="messages", kind="string"),), features=(), label="answer"
    )
    manifest = Manifest(kind=KIND, parts=parts, entry="application", signature=signature, example={})
    register_version(
        workspace.stores.ledger, name="support", digest=put_bundle(blobs, manifest), provenance=Provenance()
    )
    assert pinned(workspace) == {built.version}
    with pytest.raises(UsageError) as caught:
        remove_index(workspace, "docs@1")
    assert "application" in caught.value.why


def test_an_alias_keeps_its_version(workspace):
    build_index(workspace, INDEX, promote=True)
    with pytest.raises(UsageError, match="is needed"):
        remove_index(workspace, "docs@champion")


def test_vectors_leave_the_store_with_the_last_version_that_has_them(workspace):
    folder = workspace.home / "cache" / "shelf"
    made = {}
    for number, text in enumerate(["one", "two", "three"], start=1):
        write(workspace, "docs/c.md", text)
        made[number] = build_index(workspace, Index("docs", source="docs/**/*.md", store="file:shelf"), promote=True)
    assert len(list(folder.iterdir())) == 3
    remove_index(workspace, "docs@1")
    assert len(list(folder.iterdir())) == 2
