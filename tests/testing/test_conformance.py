"""Each suite of `loopwright.testing` over each implementation of its seam, and the proof that none is left out."""

import ast
from functools import cache
from pathlib import Path

import pytest

from loopwright.core.ids import random_id
from loopwright.store.backends.local_blobs import LocalBlobs
from loopwright.store.backends.local_tables import LocalTables
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.backends.memory_kv import MemoryKeyValues
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.backends.memory_tables import MemoryTables
from loopwright.store.backends.sqlite_kv import SqliteKeyValues
from loopwright.store.backends.sqlite_ledger import SqliteLedger
from loopwright.testing.blobs_suite import BlobsSuite
from loopwright.testing.clocks import ManualClock
from loopwright.testing.kv_suite import KeyValuesSuite
from loopwright.testing.ledger_suite import LedgerSuite
from loopwright.testing.tables_suite import TablesSuite

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clock():
    return ManualClock()


class TestLocalBlobs(BlobsSuite):
    implementation = LocalBlobs

    @pytest.fixture(params=["each", "deferred"])
    def blobs(self, tmp_path, request):
        return LocalBlobs(tmp_path / "blobs", sync=request.param)


class TestMemoryBlobs(BlobsSuite):
    implementation = MemoryBlobs

    @pytest.fixture
    def blobs(self):
        return MemoryBlobs()


class TestSqliteLedger(LedgerSuite):
    implementation = SqliteLedger

    @pytest.fixture
    def ledger(self, tmp_path, clock):
        ledger = SqliteLedger(tmp_path / "ledger.db", clock=clock)
        yield ledger
        ledger.close()


class TestMemoryLedger(LedgerSuite):
    implementation = MemoryLedger

    @pytest.fixture
    def ledger(self, clock):
        return MemoryLedger(clock=clock)


class TestSqliteKeyValues(KeyValuesSuite):
    implementation = SqliteKeyValues

    @pytest.fixture
    def kv(self, tmp_path, clock):
        kv = SqliteKeyValues(tmp_path / "kv.db", clock=clock)
        yield kv
        kv.close()


class TestMemoryKeyValues(KeyValuesSuite):
    implementation = MemoryKeyValues

    @pytest.fixture
    def kv(self, clock):
        return MemoryKeyValues(clock=clock)


class TestLocalTables(TablesSuite):
    implementation = LocalTables

    @pytest.fixture(params=["one file", "many files"])
    def tables(self, tmp_path, clock, request):
        rotated = 64 << 20 if request.param == "one file" else 40
        tables = LocalTables(
            tmp_path / "tables",
            blobs=MemoryBlobs(),
            ledger=MemoryLedger(clock=clock),
            ids=random_id,
            rotated_at_bytes=rotated,
        )
        yield tables
        tables.close()


class TestMemoryTables(TablesSuite):
    implementation = MemoryTables

    @pytest.fixture
    def tables(self):
        return MemoryTables()


@pytest.mark.parametrize("seam", ["Blobs", "Embedder", "KeyValues", "Ledger", "Tables", "VectorStore"])
def test_every_implementation_of_a_seam_is_in_its_suite(seam):
    implementations = _subclasses_of(seam, ROOT / "src" / "loopwright")
    tested = _tested(f"{seam}Suite", ROOT / "tests")
    assert implementations, f"no implementation of {seam} was found"
    assert implementations - tested == set(), f"subclass {seam}Suite for these, with `implementation = …`"


@cache
def _parsed(folder):
    return list(_classes(folder))


def _classes(folder):
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node, {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def _subclasses_of(name, folder):
    classes = _parsed(folder)
    known, size = {name}, 0
    while len(known) > size:
        size = len(known)
        known |= {node.name for node, bases in classes if bases & known}
    return known - {name}


def _tested(suite, folder):
    return {
        ast.unparse(statement.value)
        for node, bases in _parsed(folder)
        if suite in bases
        for statement in node.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "implementation"
    }
