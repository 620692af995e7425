"""The handler alone, over a real index in a real home."""

import asyncio
import json

import pytest

from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.reading import Indexes
from loopwright.app.workspace import open_workspace
from loopwright.core.clock import SystemClock
from loopwright.core.hashing import digest_bytes
from loopwright.errors import (
    ForbiddenError,
    NotFoundError,
    PayloadTooLargeError,
    RequestRefusedError,
    UnauthorisedError,
    UsageError,
)
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.embedding.spec import remote
from loopwright.llm.retrieval.build import Tools, build
from loopwright.llm.retrieval.index import Index
from loopwright.llm.retrieval.kept_vectors import KeptVectors
from loopwright.llm.retrieval.reading import read_corpus
from loopwright.llm.retrieval.version import open_version
from loopwright.llm.route import Upstream
from loopwright.store.ledger import Record
from loopwright.web.auth import Doors
from loopwright.web.http import Request
from loopwright.web.keyring import Keyring
from loopwright.web.retrieve_routes import RetrieveRoutes

GROUPS = {"predict": ("staff",)}
ASKED = {"index": "docs", "question": "salaries of the canary"}


class Port:
    """The route over a home with an index, a key for predictions (of the staff) and one for feedback."""

    def __init__(self, path, *, loopback=True, **more):
        self.workspace = open_workspace(path, create=True)
        (path / "docs").mkdir(exist_ok=True)
        (path / "docs/a.md").write_text("# Canary\n\nA canary gets a share of the traffic.")
        (path / "docs/b.md").write_text("---\naccess: [staff]\n---\n# Pay\n\nSalaries of the canary.")
        build_index(self.workspace, Index("docs", source="docs/*.md"), promote=True)
        stores = self.workspace.stores
        keys = [
            Record(kind="api_key", id=scope, data={"digest": digest_bytes(scope.encode()), "scopes": [scope]})
            for scope in ("feedback", "predict")
        ]
        stores.ledger.commit(records=keys)
        self.doors = doors = Doors(token="t0ken", keys=Keyring(stores.ledger, SystemClock()), loopback=loopback)
        reading = Indexes(stores.ledger, stores.blobs, namespace="default", cache=self.workspace.home / "cache")
        routes = RetrieveRoutes(
            reading.champion, doors=doors, most_bytes=5000, groups_of=lambda name: GROUPS.get(name, ()), **more
        )
        self.handler = routes.extra()["/retrieve"]

    def send(self, said, *, key=None, method="POST", **headers):
        body = said if isinstance(said, bytes) else json.dumps(said).encode()

        async def receive():
            return {"type": "http.request", "body": body}

        given = {"host": "127.0.0.1", "content-type": "application/json"} | headers
        if key is not None:
            given["authorization"] = f"Bearer {key}"
        request = Request(method=method, path="/retrieve", headers=given, receive=receive)
        return json.loads(asyncio.run(self.handler(request)).body)

    def documents(self, said, **more):
        return [passage["document"] for passage in self.send(said, **more)["passages"]]


@pytest.fixture
def port(tmp_path):
    made = Port(tmp_path)
    yield made
    made.workspace.close()


def test_passages_come_with_the_version_that_found_them(port):
    found = port.send(ASKED | {"limit": 1})
    assert found["version"] == port.workspace.stores.ledger.ref("default/index/docs@champion")
    (passage,) = found["passages"]
    assert set(passage) == {"id", "document", "text", "score", "metadata"}
    assert passage["text"] == "A canary gets a share of the traffic."


def test_the_key_s_groups_decide_what_is_found(port):
    assert port.documents(ASKED) == ["docs/a.md"]
    assert set(port.documents(ASKED, key="predict")) == {"docs/a.md", "docs/b.md"}


@pytest.mark.parametrize("key", [None, "predict", "wrong"])
def test_nobody_names_groups_of_their_own_but_who_may_do_everything(port, key):
    with pytest.raises((UnauthorisedError, ForbiddenError)):
        port.send(ASKED | {"reader": ["staff"]}, key=key)
    assert set(port.documents(ASKED | {"reader": ["staff"]}, key="t0ken")) == {"docs/a.md", "docs/b.md"}
    assert port.documents(ASKED | {"reader": []}, key="t0ken") == ["docs/a.md"]


def test_elsewhere_a_key_for_predictions_is_needed(tmp_path):
    port = Port(tmp_path, loopback=False)
    for key in (None, "feedback"):
        with pytest.raises((UnauthorisedError, ForbiddenError)):
            port.send(ASKED, key=key)
    assert port.documents(ASKED, key="predict")
    port.workspace.close()


def test_an_endpoint_s_index_is_asked_by_the_endpoint_s_name(tmp_path):
    port = Port(tmp_path, by_endpoint=lambda name: Indexes.champion(reading(), "docs"))

    def reading():
        stores = port.workspace.stores
        return Indexes(stores.ledger, stores.blobs, namespace="default", cache=port.workspace.home / "cache")

    assert port.documents({"endpoint": "support", "question": "canary"}) == ["docs/a.md"]
    port.workspace.close()


def test_where_narrows_what_is_found(port):
    assert port.documents(ASKED | {"where": {"title": "Canary"}}) == ["docs/a.md"]
    assert port.documents(ASKED | {"where": {"title": "Pay"}}) == []
    with pytest.raises(UsageError):
        port.send(ASKED | {"where": {"title": {"like": "x"}}})


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"{", RequestRefusedError),
        (b"[]", RequestRefusedError),
        ({"index": "docs"}, RequestRefusedError),
        ({"question": "x"}, RequestRefusedError),
        (ASKED | {"endpoint": "docs"}, RequestRefusedError),
        (ASKED | {"question": "  "}, RequestRefusedError),
        (ASKED | {"limit": 0}, RequestRefusedError),
        (ASKED | {"limit": 101}, RequestRefusedError),
        (ASKED | {"groups": ["staff"]}, RequestRefusedError),
        (ASKED | {"index": "none"}, NotFoundError),
        (ASKED | {"index": "docs@latest"}, NotFoundError),
        (ASKED | {"index": "../model/x"}, NotFoundError),
        ({"endpoint": "none", "question": "x"}, NotFoundError),
        (b" " * 5001, PayloadTooLargeError),
    ],
)
def test_what_is_wrong_is_said(port, said, error):
    with pytest.raises(error):
        port.send(said)


def test_a_question_that_costs_needs_a_key_also_on_loopback(tmp_path):
    port = Port(tmp_path)
    upstream = Upstream(name="paid", url="http://127.0.0.1:1/v1", model="embed")
    index = Index("docs", source="docs/*.md", embedder=remote(upstream, dimensions=64))
    stores = port.workspace.stores
    tools = Tools(
        blobs=stores.blobs, embedder=HashingEmbedder(64), work=tmp_path,
        kept=KeptVectors(stores.blobs, stores.ledger, "vectors"),
    )  # fmt: skip
    built = build(index, read_corpus(index, tmp_path), tools)
    version = open_version(stores.blobs, built.digest, run=tmp_path, embedder=HashingEmbedder(64))
    port.handler = RetrieveRoutes(lambda _: version, doors=port.doors, most_bytes=5000).answer
    with pytest.raises(UnauthorisedError):
        port.send(ASKED)
    assert port.documents(ASKED, key="predict") == ["docs/a.md"]
    port.workspace.close()


def test_only_posts_are_answered_and_no_other_site_s(port):
    with pytest.raises(UsageError) as caught:
        port.send(ASKED, method="GET")
    assert caught.value.context == {"http_status": 405, "allow": "POST"}
    with pytest.raises(ForbiddenError):
        port.send(ASKED, origin="https://evil.example")
