from tests.app.indexes.conftest import INDEX

from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.pins import pinned
from loopwright.core.codec import canonical, plain
from loopwright.core.schema import Column, Signature
from loopwright.formats.value import put_value
from loopwright.llm.application import KIND, Application
from loopwright.llm.route import Route, Upstream
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.registry.version import Provenance, register_version


def test_what_an_application_reads_is_pinned(workspace):
    built = build_index(workspace, INDEX)
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
