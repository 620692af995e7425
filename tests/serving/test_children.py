import pytest

from loopwright.release.routing import Arms
from loopwright.serving.children import ProbationPlan
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock


@pytest.fixture
def ledger():
    return MemoryLedger(clock=ManualClock())


def set_arms(ledger, arms):
    id = f"{arms.endpoint}-{arms.revision}"
    ledger.commit(
        moves={f"default/endpoint/{arms.endpoint}@arms": id}, records=[Record(kind="arms", id=id, data=arms.to_json())]
    )


def test_one_child_for_each_version_on_probation_and_none_for_champions(
    ledger, blobs, stored, signature, model, tmp_path
):
    plan = ProbationPlan(ledger=ledger, blobs=blobs, run=tmp_path, threads=2, memory_mb=300)
    champion = stored(model("binary"), signature("binary"))
    canary = stored(model("binary", "lightgbm"), signature("binary"))
    alone = Arms.only_champion("flights", champion)
    assert plan.wanted() == ()
    set_arms(ledger, alone)
    assert plan.wanted() == ()
    released = alone.with_canary(canary, 0.05, release="rel_1")
    set_arms(ledger, released)
    set_arms(ledger, Arms.only_champion("trains", champion).with_canary(canary, 0.5, release="rel_2"))
    (child,) = plan.wanted()
    assert child.folder.name == canary
    options = child.arguments[child.arguments.index("--threads") :]
    assert options == ("--threads", "2", "--hang-s", "2", "--memory-mb", "300")
    assert str(child.folder) in child.arguments
    set_arms(ledger, released.with_champion(canary))
    set_arms(ledger, Arms.only_champion("trains", champion, revision=3))
    assert plan.wanted() == ()


def test_a_version_that_is_not_in_the_store_has_no_child(ledger, blobs, tmp_path):
    set_arms(ledger, Arms.only_champion("flights", "a" * 64).with_canary("b" * 64, 0.1, release="rel_1"))
    assert ProbationPlan(ledger=ledger, blobs=blobs, run=tmp_path).wanted() == ()
