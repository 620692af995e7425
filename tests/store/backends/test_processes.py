"""Several processes on one home, and writers killed at any moment: what was acknowledged is there and verifies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.store.doctor import check_home
from loopwright.store.journal import verify_chain
from loopwright.store.open_stores import create_home, open_stores

_OPEN = """
import sys
from pathlib import Path
from loopwright.core.clock import SystemClock
from loopwright.core.events import EventDraft
from loopwright.core.ids import random_id
from loopwright.errors import ConflictError
from loopwright.store.ledger import Record
from loopwright.store.open_stores import open_stores
stores = open_stores(Path(sys.argv[1]), clock=SystemClock(), ids=random_id)
me = sys.argv[2]
"""

_RACE = (
    _OPEN
    + """
won = 0
for n in range(60):
    record = Record(kind="run", id=f"{me}-{n}", data={})
    stores.ledger.commit(records=[record], events=[EventDraft(kind="run_started", subject=f"run:{me}-{n}")],
                         durability="normal" if n % 2 else "full")
    stores.kv.add_if("count", 1, 10_000)
    stores.tables.append("requests", [{"at": n, "by": me}])
    if n % 20 == 0:
        stores.tables.seal("requests")
    stores.blobs.put(str(n).encode())
    found = stores.ledger.ref("race")
    try:
        stores.ledger.commit(expect={"race": found}, moves={"race": str(int(found or 0) + 1)})
        won += 1
    except ConflictError:
        pass
print(won)
"""
)

# Each line says what was acknowledged before the next write begins.
_WRITE = (
    _OPEN
    + """
n = 0
while True:
    digest = stores.blobs.put(b"x" * (n % 50 * 1000) + f"{me}-{n}".encode())
    stores.ledger.commit(records=[Record(kind="blob", id=digest, data={"digest": digest})],
                         events=[EventDraft(kind="k", subject=f"s:{me}-{n}")], moves={f"ref/{me}": str(n)},
                         durability="normal" if n % 3 else "full")
    stores.kv.put_many({f"{me}-{n}": b"1"})
    stores.tables.append("requests", [{"at": n, "by": me, "text": "y" * (n % 7 * 1000)}] * 3)
    if n % 10 == 9:
        stores.tables.seal("requests")
    print(digest, flush=True)
    n += 1
"""
)


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / ".loopwright", ids=random_id, clock=SystemClock())


def opened(home):
    return open_stores(home, clock=SystemClock(), ids=random_id)


def start(code: str, home: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, str(home), name], stdout=subprocess.PIPE, text=True)


def test_four_processes_lose_nothing_to_one_another(home):
    writers = [start(_RACE, home, f"w{number}") for number in range(4)]
    won = [int(writer.communicate(timeout=60)[0]) for writer in writers]
    stores = opened(home)
    events = stores.ledger.read(limit=10_000)
    assert {event.subject for event in events if event.kind == "run_started"} == {
        f"run:w{number}-{n}" for number in range(4) for n in range(60)
    }
    assert verify_chain(stores.ledger) == len(events)
    assert len(stores.ledger.search("run", limit=1000)) == 240
    assert stores.ledger.ref("race") == str(sum(won)) == str(len(stores.ledger.history("race")))
    assert stores.kv.get_many(["count"]) == {"count": b"240"}
    rows = stores.tables.scan("requests")
    assert sorted(rows.rows()) == sorted((n, f"w{number}") for number in range(4) for n in range(60))
    stores.close()


def test_writers_killed_at_any_moment_leave_what_they_acknowledged(home):
    acknowledged = {}
    for number in range(20):
        name = f"w{number}"
        writer = start(_WRITE, home, name)
        lines = [writer.stdout.readline() for _ in range(number % 4 + 1)]
        time.sleep(number * 0.0007)
        os.kill(writer.pid, signal.SIGKILL)
        lines += writer.stdout.read().splitlines(keepends=True)
        writer.wait()
        writer.stdout.close()
        acknowledged[name] = [line.strip() for line in lines if line.endswith("\n")]
    stores = opened(home)
    rows = stores.tables.scan("requests")
    counts = {(by, at): n for by, at, n in rows.group_by("by", "at").len().rows()}
    for name, digests in acknowledged.items():
        assert digests, f"{name} acknowledged nothing"
        assert int(stores.ledger.ref(f"ref/{name}")) >= len(digests) - 1
        for n, digest in enumerate(digests):
            assert stores.blobs.get(digest).endswith(f"{name}-{n}".encode())
            assert stores.kv.get_many([f"{name}-{n}"])
            assert counts[name, n] == 3
    assert [finding for finding in check_home(stores, deep=True) if finding.outcome == "fail"] == []
    before = rows.sort("by", "at").rows()
    stores.tables.seal("requests")
    assert stores.tables.scan("requests").sort("by", "at").rows() == before
    assert list((home / "tables" / "requests" / "open").iterdir()) == []
    assert list((home / "blobs" / "tmp").iterdir()) == []
    stores.close()
