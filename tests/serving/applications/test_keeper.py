"""Arms of applications, as the ledger has them."""

import numpy as np
import pytest
from tests.serving.applications.stage import UPSTREAM, bundle

from loopwright.errors import ModelLoadError, ReleaseError
from loopwright.llm.application import Application
from loopwright.llm.calling.circuits import Circuits
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Route
from loopwright.release.routing import Arm, Arms
from loopwright.serving.applications.endpoint import ApplicationEndpoint
from loopwright.serving.applications.keeper import ApplicationKeeper, ApplicationTools
from loopwright.serving.applications.loading import ApplicationLoader
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock


class Stage:
    def __init__(self, run):
        self.clock, self.blobs = ManualClock(), MemoryBlobs()
        self.ledger = MemoryLedger(clock=self.clock)
        loader = ApplicationLoader(
            blobs=self.blobs, run=run, pool=HttpPool(), circuits=Circuits(), providers=provider_of,
            secrets=lambda reference: "", clock=self.clock, rng=np.random.default_rng(0), open_index=None,
            embedder=lambda: HashingEmbedder(8),
        )  # fmt: skip
        tools = type("Tools", (), {"clock": self.clock})()
        self.endpoint = ApplicationEndpoint("support", tools)
        self.keeper = ApplicationKeeper(self.endpoint, ApplicationTools(ledger=self.ledger, loader=loader))

    def version(self, name):
        return bundle(self.blobs, Application(route=Route(upstreams=(UPSTREAM,), max_tokens=name)))

    def load(self, arms):
        self.ledger.commit(records=[Record(kind="arms", id=f"r{arms.revision}", data=arms.to_json())])
        loaded = self.keeper.load(f"r{arms.revision}", 7)
        return self.keeper.switch(loaded)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path / "run")


def beside(one, other, revision, share=0.5):
    champion = Arm(name="champion", role="champion", version=one, share=1.0 - share)
    candidate = Arm(name="candidate", role="canary", version=other, share=share)
    return Arms(endpoint="support", revision=revision, release="rel_1", arms=(champion, candidate))


def test_arms_are_loaded_switched_to_and_told_of(stage):
    assert stage.keeper.kept() is None
    one, other = stage.version(1), stage.version(2)
    assert stage.load(beside(one, other, 3)) is None
    kept = stage.keeper.kept()
    assert (kept.spec.revision, kept.versions, kept.failed) == (3, tuple(sorted((one, other))), False)
    assert kept.states == {"champion": "ready", "candidate": "ready"}
    assert stage.endpoint.arms.cause == 7


def test_health_outlives_a_change_of_share_and_loaded_versions_are_kept(stage):
    one, other = stage.version(1), stage.version(2)
    stage.load(beside(one, other, 1))
    before = stage.endpoint.arms
    stage.keeper.heed({"release": "rel_1", "version": other, "cause": "error"})
    stage.load(beside(one, other, 2, share=0.1))
    after = stage.endpoint.arms
    assert after.canaries[0].state == "tripped"
    assert after.champion.loaded is before.champion.loaded


def test_a_trip_of_another_release_is_none_of_ours(stage):
    one, other = stage.version(1), stage.version(2)
    stage.load(beside(one, other, 1))
    stage.keeper.heed({"release": "rel_0", "version": other, "cause": "error"})
    assert stage.endpoint.arms.canaries[0].state == "ready"


def test_the_version_before_stands_in_only_where_nothing_answers_yet(stage):
    one = stage.version(1)
    broken = Arms(
        endpoint="support", revision=1, previous=one,
        arms=(Arm(name="champion", role="champion", version="0" * 64, share=1.0),),
    )  # fmt: skip
    wrong = stage.load(broken)
    assert wrong.code == "LW501"
    assert stage.endpoint.arms.champion.loaded.version == one
    assert stage.keeper.kept().failed
    with pytest.raises(ModelLoadError):
        stage.load(Arms.of({**broken.to_json(), "revision": 2}))


def test_a_record_that_is_none_is_refused(stage):
    with pytest.raises(ReleaseError):
        stage.keeper.load("nothing", 0)
