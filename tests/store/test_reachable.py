from loopwright.core.codec import canonical
from loopwright.core.hashing import digest_bytes
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.store.reachable import reachable
from loopwright.store.trees import put_tree
from loopwright.testing.clocks import ManualClock

MODEL = "default/model/m@champion"


def stored():
    return MemoryBlobs(), MemoryLedger(clock=ManualClock())


def test_a_manifest_needs_its_parts_and_they_their_trees():
    blobs, ledger = stored()
    tree = put_tree(blobs, {"a": b"file"})
    value = blobs.put(canonical({"format": "parquet/1", "tree": tree}))
    manifest = blobs.put(
        canonical({"kind": "predict", "parts": {"model": value}, "example": {"id": digest_bytes(b"no blob")}})
    )
    ledger.commit(moves={MODEL: manifest})
    found = reachable(blobs, ledger)
    assert found.present == {manifest, value, tree, blobs.put(b"file")}
    assert (found.absent, found.unknown) == ({}, {})
    blobs.delete(blobs.put(b"file"))
    assert reachable(blobs, ledger).absent == {digest_bytes(b"file"): MODEL}


def test_a_record_needs_the_blobs_it_names():
    blobs, ledger = stored()
    part = blobs.put(b"parquet")
    version = digest_bytes(b"version")
    data = {"parts": [{"blob": part, "source_digest": digest_bytes(b"elsewhere")}, {"blob": digest_bytes(b"lost")}]}
    ledger.commit(
        moves={"default/dataset/d@latest": version}, records=[Record(kind="dataset_version", id=version, data=data)]
    )
    found = reachable(blobs, ledger)
    assert found.present == {part}
    assert list(found.absent) == [digest_bytes(b"lost")]


def test_a_ref_to_nothing_is_unknown_and_one_to_no_digest_is_nobody_s_business():
    blobs, ledger = stored()
    nothing = digest_bytes(b"nothing")
    ledger.commit(moves={MODEL: nothing, "default/endpoint/e@arms": "arms_1"})
    assert reachable(blobs, ledger).unknown == {MODEL: nothing}


def test_large_and_binary_blobs_need_nothing_more():
    blobs, ledger = stored()
    digests = {
        f"default/model/m{n}@x": blobs.put(data) for n, data in enumerate([b"", b"{not json", b"\x93NUMPY", b"{}"])
    }
    ledger.commit(moves=digests)
    assert reachable(blobs, ledger).present == set(digests.values())
