import json
import stat
import subprocess
import sys
import threading

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.events import EventDraft
from loopwright.core.ids import random_id
from loopwright.errors import ClockRefusedError, HomeTooNewError, NotAHomeError, UsageError
from loopwright.store.journal import verify_chain
from loopwright.store.open_stores import create_home, open_stores, read_home
from loopwright.testing.clocks import ManualClock
from loopwright.testing.ids import CountingIds


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / ".loopwright", ids=CountingIds(), clock=ManualClock())


def opened(home, clock=None):
    return open_stores(home, clock=clock or ManualClock(), ids=random_id)


def test_a_home_has_its_files(home):
    assert {path.name for path in home.iterdir()} >= {
        "home.json",
        "ledger.db",
        "kv.db",
        "blobs",
        "tables",
        "run",
        "token",
    }
    about = json.loads((home / "home.json").read_text())
    assert (about["format"], about["id"], about["replay"]) == (1, f"home_{1:032x}", False)


def test_the_token_is_secret_and_this_user_s(home, tmp_path):
    other = create_home(tmp_path / "other", ids=CountingIds(), clock=ManualClock())
    token = (home / "token").read_text()
    assert stat.S_IMODE((home / "token").stat().st_mode) == 0o600
    assert len(token) >= 32
    assert token != (other / "token").read_text()


def test_a_home_that_is_there_is_left_as_it_is(home):
    token = (home / "token").read_text()
    assert create_home(home, ids=CountingIds(), clock=ManualClock()) == home
    assert (home / "token").read_text() == token


def test_a_home_never_changes_whether_it_is_for_replay(home, tmp_path):
    with pytest.raises(UsageError):
        create_home(home, replay=True, ids=CountingIds(), clock=ManualClock())
    replayed = create_home(tmp_path / "replayed", replay=True, ids=CountingIds(), clock=ManualClock())
    with pytest.raises(UsageError):
        create_home(replayed, ids=CountingIds(), clock=ManualClock())
    assert (opened(home).replay, opened(replayed).replay) == (False, True)


def test_what_is_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "mine").write_text("kept")
    with pytest.raises(NotAHomeError):
        create_home(tmp_path / "home", ids=CountingIds(), clock=ManualClock())
    (tmp_path / "file").write_text("kept")
    with pytest.raises(NotAHomeError):
        create_home(tmp_path / "file", ids=CountingIds(), clock=ManualClock())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "home"]


def test_homes_made_at_once_are_one(tmp_path):
    failed = []

    def make():
        try:
            create_home(tmp_path / "home", ids=random_id, clock=ManualClock())
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    opened(tmp_path / "home").close()


def test_a_home_of_a_newer_format_is_left_alone(home):
    (home / "home.json").write_text('{"format": 2, "sealed": true}')
    with pytest.raises(HomeTooNewError):
        opened(home)
    with pytest.raises(HomeTooNewError):
        create_home(home, ids=CountingIds(), clock=ManualClock())


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "1"}', '{"format": 1}', "\xff"])
def test_what_does_not_describe_a_home_is_none(home, text):
    (home / "home.json").write_text(text)
    with pytest.raises(NotAHomeError):
        read_home(home)


def test_no_home_is_said(tmp_path):
    with pytest.raises(NotAHomeError):
        opened(tmp_path / "nowhere")


def test_all_four_stores_keep_what_they_were_given(home):
    stores = opened(home)
    digest = stores.blobs.put(b"bytes")
    stores.ledger.commit(moves={"default/model/m@champion": digest}, events=[EventDraft(kind="k", subject="s")])
    stores.kv.put_many({"a": b"1"})
    stores.tables.append("requests", [{"at": 1}])
    stores.tables.append("labels", [{"at": 1}])
    assert stores.tables.seal("labels") == 1
    stores.close()
    again = opened(home)
    assert again.blobs.get(again.ledger.ref("default/model/m@champion")) == b"bytes"
    assert again.kv.get_many(["a"]) == {"a": b"1"}
    assert again.tables.names() == ("labels", "requests")
    assert verify_chain(again.ledger) == 2
    again.close()


def test_a_replay_home_keeps_the_machine_s_time_beside_its_own(home, tmp_path):
    replayed = create_home(tmp_path / "replayed", replay=True, ids=CountingIds(), clock=ManualClock())
    for folder, machine in ((home, False), (replayed, True)):
        stores = opened(folder, ManualClock(5))
        (event,) = stores.ledger.commit(events=[EventDraft(kind="k", subject="s")])
        assert event.logical_at == 5
        assert (event.at > SystemClock().now() - 10**9) == machine
        stores.close()


def test_opening_loads_no_data_frame_library(home):
    code = (
        "import sys; from pathlib import Path; from loopwright.core.clock import SystemClock\n"
        "from loopwright.core.ids import random_id; from loopwright.store.open_stores import open_stores\n"
        "stores = open_stores(Path(sys.argv[1]), clock=SystemClock(), ids=random_id)\n"
        "stores.tables.append('requests', [{'at': 1}]); stores.kv.get_many(['a']); stores.blobs.put(b'x')\n"
        "print([name for name in ('polars', 'numpy', 'pandas', 'pyarrow', 'sklearn') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_only_a_home_for_replay_takes_another_clock(home, tmp_path):
    stores = opened(home)
    with pytest.raises(ClockRefusedError):
        stores.use_clock(ManualClock(7))
    stores.close()
    replayed = opened(create_home(tmp_path / "replayed", replay=True, ids=CountingIds(), clock=ManualClock()))
    replayed.use_clock(ManualClock(5))
    replayed.kv.put_many({"a": b"1"}, expires_at=6)
    assert replayed.kv.get_many(["a"]) == {"a": b"1"}
    replayed.use_clock(ManualClock(7))
    (event,) = replayed.ledger.commit(events=[EventDraft(kind="k", subject="s")], moves={"r": "1"})
    assert (event.logical_at, replayed.ledger.history("r")[0].at) == (7, 7)
    assert replayed.kv.get_many(["a"]) == {}
    replayed.close()
