"""What is left below `run/` goes when nothing names it, and not before."""

import socket

import pytest

from loopwright.release.routing import Arms
from loopwright.serving.loading import bundle_folder, socket_path
from loopwright.serving.stale_files import StaleFiles, due
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock


class Stage:
    def __init__(self, blobs, run, versions):
        self.clock = ManualClock()
        self.ledger = MemoryLedger(clock=self.clock)
        self.run = run
        self.stale = StaleFiles(self.ledger, run=run, namespace="default", clock=self.clock)
        for version in versions:
            bundle_folder(blobs, version, run)

    def name(self, arms):
        id = f"arms-{arms.revision}"
        record = Record(kind="arms", id=id, data=arms.to_json())
        self.ledger.commit(moves={"default/endpoint/flights@arms": id}, records=[record])

    def lease(self, **data):
        record = Record(kind="lease", id="worker_1", data={"at": self.clock.now(), **data})
        self.ledger.commit(records=[record])

    def after(self, minutes):
        for _ in range(minutes):
            self.clock.sleep(61.0)
            self.stale.look()
        return {path.name for path in (self.run / "bundles").iterdir()}


@pytest.fixture
def versions(stored, signature, model):
    return [stored(model("binary"), signature("binary"), distance=100 + number) for number in range(4)]


def test_bundles_that_arms_name_stay_and_others_go_after_ten_minutes(blobs, tmp_path, versions):
    champion, canary, previous, old = versions
    stage = Stage(blobs, tmp_path, versions)
    released = Arms.only_champion("flights", champion).with_canary(canary, 0.1, release="rel_1")
    stage.name(Arms(endpoint="flights", revision=2, arms=released.arms, release="rel_1", previous=previous))
    assert stage.after(9) == set(versions)
    assert stage.after(4) == {champion, canary, previous}
    assert old not in stage.after(1)


def test_a_bundle_that_a_living_worker_holds_stays(blobs, tmp_path, versions):
    stage = Stage(blobs, tmp_path, versions[:2])
    stage.name(Arms.only_champion("flights", versions[0]))
    for _ in range(40):
        stage.lease(versions=[versions[1]])
        stage.clock.sleep(25.0)
        stage.stale.look()
    stage.lease(versions=[versions[1]], ended=True)
    assert set(versions[:2]) == {path.name for path in (tmp_path / "bundles").iterdir()}
    assert stage.after(13) == {versions[0]}


def test_a_bundle_that_is_named_again_in_time_starts_anew(blobs, tmp_path, versions):
    stage = Stage(blobs, tmp_path, versions[:2])
    stage.name(Arms.only_champion("flights", versions[0]))
    stage.after(8)
    stage.name(Arms.only_champion("flights", versions[1], revision=2))
    stage.after(2)
    stage.name(Arms.only_champion("flights", versions[0], revision=3))
    assert stage.after(8) == set(versions[:2])


def test_sockets_and_half_removed_bundles_of_an_earlier_life_go_at_the_start(blobs, tmp_path, versions):
    stage = Stage(blobs, tmp_path, versions[:1])
    left = socket_path(tmp_path, versions[0])
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(left))
    (tmp_path / "bundles" / ".gone-x" / "parts").mkdir(parents=True)
    stage.stale.begin()
    assert not left.exists()
    assert {path.name for path in (tmp_path / "bundles").iterdir()} == {versions[0]}


def test_what_is_due():
    assert due({"a": 0.0, "b": 5.0, "c": 0.5}, now=10.0, grace_s=9.5) == ["a", "c"]
