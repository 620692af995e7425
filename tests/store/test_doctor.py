import shutil
import sqlite3

import pytest

from loopwright.core.events import EventDraft
from loopwright.core.ids import random_id
from loopwright.core.verdict import Outcome
from loopwright.store.doctor import check_home
from loopwright.store.journal import anchor_of
from loopwright.store.open_stores import create_home, open_stores
from loopwright.testing.clocks import ManualClock
from loopwright.testing.ids import CountingIds


@pytest.fixture
def stores(tmp_path):
    home = create_home(tmp_path / ".loopwright", ids=CountingIds(), clock=ManualClock())
    stores = open_stores(home, clock=ManualClock(), ids=random_id)
    digest = stores.blobs.put(b"model")
    stores.ledger.commit(moves={"default/model/m@champion": digest}, events=[EventDraft(kind="k", subject="s")])
    stores.tables.append("requests", [{"at": 1}])
    yield stores
    stores.close()


def outcomes(stores, **how):
    return {verdict.check: verdict.outcome for verdict in check_home(stores, **how)}


def blob_file(stores):
    (digest,) = stores.blobs.list()
    return stores.blobs.local_path(digest)


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_home_passes_everything(stores, deep):
    found = outcomes(stores, deep=deep)
    assert len(found) == 7
    assert set(found.values()) <= {Outcome.PASS, Outcome.WARN}  # the machine's disk may be nearly full
    assert {name for name, outcome in found.items() if outcome is not Outcome.PASS} <= {"free_disk"}


def test_an_altered_journal_fails(stores):
    with sqlite3.connect(stores.home / "ledger.db") as db:
        db.execute("UPDATE events SET actor = 'eve'")
    assert outcomes(stores)["journal_chain"] is Outcome.FAIL


def test_a_journal_without_its_anchor_fails(stores):
    anchor = anchor_of(stores.ledger)
    assert outcomes(stores, anchor=anchor)["journal_chain"] is Outcome.PASS
    with sqlite3.connect(stores.home / "ledger.db") as db:
        db.execute("DELETE FROM events")
    assert outcomes(stores)["journal_chain"] is Outcome.PASS
    assert outcomes(stores, anchor=anchor)["journal_chain"] is Outcome.FAIL


def test_a_lost_blob_fails(stores):
    stores.blobs.delete(next(stores.blobs.list()))
    assert outcomes(stores)["needed_blobs"] is Outcome.FAIL


def test_a_lost_table_segment_fails(stores):
    stores.tables.seal("requests")
    (record,) = stores.ledger.search("table_segment")
    stores.blobs.delete(record.data["digest"])
    assert outcomes(stores)["needed_blobs"] is Outcome.FAIL


def test_damaged_content_fails(stores):
    path = blob_file(stores)
    path.chmod(0o644)
    path.write_bytes(b"m0del")
    assert outcomes(stores)["blob_content"] is Outcome.FAIL
    assert outcomes(stores, deep=True)["blob_content"] is Outcome.FAIL


def test_a_torn_segment_warns(stores):
    (segment,) = (stores.home / "tables").glob("*/open/*")
    with segment.open("ab") as file:
        file.write(b'{"at":')
    assert outcomes(stores)["table_segments"] is Outcome.WARN


def test_a_token_that_others_may_read_fails(stores):
    (stores.home / "token").chmod(0o644)
    assert outcomes(stores)["permissions"] is Outcome.FAIL
    (stores.home / "token").unlink()
    assert outcomes(stores)["permissions"] is Outcome.FAIL


@pytest.mark.parametrize(
    ("free", "outcome"), [(10 << 30, Outcome.PASS), (500 << 20, Outcome.WARN), (1 << 20, Outcome.FAIL)]
)
def test_a_disk_that_is_nearly_full_is_told(stores, monkeypatch, free, outcome):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    assert outcomes(stores)["free_disk"] is outcome


def test_a_check_that_cannot_be_made_is_unknown(stores, monkeypatch):
    def fails(_):
        raise OSError("no such device")

    monkeypatch.setattr(shutil, "disk_usage", fails)
    assert outcomes(stores)["free_disk"] is Outcome.UNKNOWN
