"""Homes as earlier versions wrote them, one folder a format. They are never written again; this version reads them."""

import shutil
from pathlib import Path

import pytest

from loopwright.core.ids import random_id
from loopwright.core.verdict import Outcome
from loopwright.store.doctor import check_home
from loopwright.store.journal import Anchor, anchor_of, verify_chain
from loopwright.store.open_stores import open_stores
from loopwright.store.trees import tree_files
from loopwright.testing.clocks import START, ManualClock

GOLDEN = Path(__file__).parent / "golden"
TREE = "ecaecdc5b41f4feb0f2b15d07f6a36e27010fec644448506c7456b5078b5682b"
TIP = Anchor(seq=4, digest="4ec7673905016ced2faf1128c5d26e523d994e1364c7124090043ee7c73c4e6d")


@pytest.fixture(params=sorted(path.name for path in GOLDEN.iterdir()))
def stores(request, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(GOLDEN / request.param / "home", home)
    (home / "token").chmod(0o600)
    stores = open_stores(home, clock=ManualClock(START + 60_000_000), ids=random_id)
    yield stores
    stores.close()


def test_refs_history_records_and_journal_are_readable(stores):
    ledger = stores.ledger
    assert ledger.refs() == {"default/model/m@champion": TREE}
    assert [(move.target, move.seq) for move in ledger.history("default/model/m@old")] == [("gone", 2), (None, 3)]
    (run,) = ledger.search("run", where={"auc": 0.75, "done": True, "name": "x"}, order="auc")
    assert (run.id, run.data, run.at) == ("run_1", {"a": [1, None, "ü"]}, START)
    assert [event.kind for event in ledger.read()] == ["run_started", "ref_moved", "ref_moved", "segment_sealed"]
    assert [event.caused_by for event in ledger.read(limit=3)] == [(), (1,), (2,)]
    assert anchor_of(ledger) == TIP


def test_blobs_and_trees_are_readable(stores):
    assert tree_files(stores.blobs, TREE) == {"model.txt": b"golden", "code/train.py": b"print()\n"}


def test_rows_are_readable_sealed_and_open(stores):
    rows = stores.tables.scan("requests", columns=["at", "inputs", "score", "flags", "empty"]).sort("at").to_dicts()
    assert [row["inputs"] for row in rows] == [
        {"a": 1, "c": "x", "b": None}, {"a": None, "c": None, "b": None}, {"a": None, "c": None, "b": True},
    ]  # fmt: skip
    assert [(row["at"], row["score"], row["flags"], row["empty"]) for row in rows] == [
        (1, 0.5, [], None), (2, None, None, None), (3, None, ["odd"], None),
    ]  # fmt: skip
    assert stores.tables.seal("requests") == 1


def test_pairs_are_readable_with_their_expiry(stores):
    assert stores.kv.get_many(["a", "n", "gone"]) == {"a": b"\x00\x01", "n": b"5"}
    assert stores.kv.add_if("n", 4, 9) == 9


def test_the_home_is_sound_and_goes_on(stores):
    assert {verdict.outcome for verdict in check_home(stores, deep=True)} <= {Outcome.PASS, Outcome.WARN}
    stores.ledger.commit(moves={"default/model/m@champion": None})
    stores.tables.append("requests", [{"at": 4}])
    assert verify_chain(stores.ledger, anchor=TIP) == 4
    assert stores.tables.scan("requests").height == 4
