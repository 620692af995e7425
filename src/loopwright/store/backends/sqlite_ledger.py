"""The ledger in one SQLite file."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.clock import Clock, Micros
from loopwright.core.codec import canonical, from_json, plain
from loopwright.core.events import GENESIS, Event, EventDraft
from loopwright.errors import ConflictError
from loopwright.store.backends.sqlite_connection import BUSY_TIMEOUT_S, SqliteFile
from loopwright.store.journal import seal_all
from loopwright.store.ledger import Durability, FacetValue, Ledger, Record, RefMove, indexed_facets, json_of

LEDGER_FORMAT = 1

_SCHEMA = """
CREATE TABLE refs (name TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ref_moves (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, target TEXT, at INTEGER NOT NULL, seq INTEGER NOT NULL);
CREATE INDEX ref_moves_by_name ON ref_moves (name, id);
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, namespace TEXT NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL,
  logical_at INTEGER NOT NULL,
  kind TEXT NOT NULL, subject TEXT NOT NULL, caused_by TEXT NOT NULL, data TEXT NOT NULL, previous TEXT NOT NULL,
  digest TEXT NOT NULL);
CREATE TABLE records (
  kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL, facets TEXT NOT NULL,
  PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX records_by_time ON records (kind, at);
CREATE TABLE facets (kind TEXT NOT NULL, name TEXT NOT NULL, value NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (kind, name, value, id)) WITHOUT ROWID;
CREATE INDEX facets_by_record ON facets (kind, id)
"""

_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT_EVENT = """SELECT seq, namespace, actor, at, logical_at, kind, subject, caused_by, data, previous, digest
FROM events WHERE seq > ? ORDER BY seq LIMIT ?"""
_RECORD_COLUMNS = "r.kind, r.id, r.at, r.data, r.facets"
_MATCH = " AND EXISTS (SELECT 1 FROM facets w WHERE w.kind = r.kind AND w.id = r.id AND w.name = ? AND w.value = ?)"
_SELECT_RECORD = "SELECT kind, id, at, data, facets FROM records WHERE kind = ? AND id = ?"


def _nothing() -> None:
    """The default of `before_full`."""


class SqliteLedger(Ledger):
    """Refs, journal and records in `path`.

    "full" commits are on the device when they return (`PRAGMA synchronous=FULL`); "normal" ones are with the operating
    system, and on the device after the next full commit or checkpoint.

    Args:
        path: The file; made where it is not there.
        clock: The workspace's clock: logical times, times of records and of ref moves.
        machine: The machine's clock, for `Event.at`; `clock` where not given.
        before_full: Called before a full commit starts, so that what it refers to is on the device first.
        busy_timeout_s: Longest wait for another process that writes.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        machine: Clock | None = None,
        before_full: Callable[[], None] = _nothing,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        self._file = SqliteFile(path, schema=_SCHEMA, version=LEDGER_FORMAT, busy_timeout_s=busy_timeout_s)
        self._clock = clock
        self._machine = machine or clock
        self._before_full = before_full

    def use_clock(self, clock: Clock) -> None:
        """Go by another workspace clock from now on: that of a home made for replay is itself kept in its ledger."""
        self._clock = clock

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def commit(
        self,
        *,
        expect: Mapping[str, str | None] | None = None,
        moves: Mapping[str, str | None] | None = None,
        records: Sequence[Record] = (),
        events: Sequence[EventDraft] = (),
        durability: Durability = "full",
    ) -> tuple[Event, ...]:
        if durability == "full":
            self._before_full()
        with self._file.writing(synchronous=durability.upper()) as db:
            now = self._clock.now()
            _check_expected(db, expect or {})
            written: tuple[Event, ...] = ()
            if events:
                last, previous = db.execute("SELECT seq, digest FROM events ORDER BY seq DESC LIMIT 1").fetchone() or (
                    0,
                    GENESIS,
                )
                written = seal_all(events, last=last, previous=previous, at=self._machine.now(), logical_at=now)
                db.executemany(_INSERT_EVENT, [_event_row(event) for event in written])
            _move(db, moves or {}, at=now, seq=written[-1].seq if written else 0)
            for record in records:
                _upsert(db, record, now)
        return written

    def ref(self, name: str) -> str | None:
        with self._file.reading() as db:
            row = db.execute("SELECT target FROM refs WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def refs(self, prefix: str = "") -> dict[str, str]:
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT name, target FROM refs WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 ORDER BY name",
                (prefix,),
            ).fetchall()
        return dict(rows)

    def history(self, name: str) -> tuple[RefMove, ...]:
        with self._file.reading() as db:
            rows = db.execute("SELECT target, at, seq FROM ref_moves WHERE name = ? ORDER BY id", (name,)).fetchall()
        return tuple(RefMove(name=name, target=target, at=at, seq=seq) for target, at, seq in rows)

    def read(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        with self._file.reading() as db:
            rows = db.execute(_SELECT_EVENT, (after, limit)).fetchall()
        return tuple(_event(row) for row in rows)

    def record(self, kind: str, id: str) -> Record | None:
        with self._file.reading() as db:
            row = db.execute(_SELECT_RECORD, (kind, id)).fetchone()
        return _record(row) if row else None

    def search(
        self, kind: str, *, where: Mapping[str, FacetValue] | None = None, order: str = "-at", limit: int = 100
    ) -> tuple[Record, ...]:
        query = _Search.of(kind, where or {}, order, limit=limit)
        with self._file.reading() as db:
            rows = _by_time(db, query) if query.name == "at" else _by_facet(db, query)
        return tuple(_record(row) for row in rows)


class _Search(msgspec.Struct, frozen=True, kw_only=True):
    """A search as SQL: `matches` is a condition on record `r` that takes `arguments`."""

    kind: str
    matches: str
    arguments: tuple[Any, ...]
    name: str
    direction: str
    limit: int

    @classmethod
    def of(cls, kind: str, where: Mapping[str, FacetValue], order: str, *, limit: int) -> "_Search":
        return cls(
            kind=kind,
            matches=_MATCH * len(where),
            arguments=tuple(part for pair in where.items() for part in pair),
            name=order.removeprefix("-"),
            direction="DESC" if order.startswith("-") else "ASC",
            limit=limit,
        )


def _check_expected(db: sqlite3.Connection, expect: Mapping[str, str | None]) -> None:
    for name, expected in expect.items():
        row = db.execute("SELECT target FROM refs WHERE name = ?", (name,)).fetchone()
        found = row[0] if row else None
        if found != expected:
            raise ConflictError(
                f"{name} was moved by another writer",
                why=f"expected {expected}, found {found}",
                ref=name,
                expected=expected,
                found=found,
            )


def _move(db: sqlite3.Connection, moves: Mapping[str, str | None], *, at: Micros, seq: int) -> None:
    for name, target in moves.items():
        if target is None:
            if not db.execute("DELETE FROM refs WHERE name = ?", (name,)).rowcount:
                continue
        else:
            db.execute(
                "INSERT INTO refs VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET target = excluded.target",
                (name, target),
            )
        db.execute("INSERT INTO ref_moves (name, target, at, seq) VALUES (?, ?, ?, ?)", (name, target, at, seq))


def _upsert(db: sqlite3.Connection, record: Record, now: Micros) -> None:
    facets = indexed_facets(record)
    db.execute("DELETE FROM facets WHERE kind = ? AND id = ?", (record.kind, record.id))
    db.execute(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET "
        "at = excluded.at, data = excluded.data, facets = excluded.facets",
        (
            record.kind,
            record.id,
            record.at or now,
            json_of(record.data, f"{record.kind} {record.id}").decode(),
            canonical(facets).decode(),
        ),
    )
    db.executemany(
        "INSERT INTO facets VALUES (?, ?, ?, ?)",
        [(record.kind, name, value, record.id) for name, value in facets.items()],
    )


def _by_time(db: sqlite3.Connection, search: _Search) -> list[Any]:
    selected = f"SELECT {_RECORD_COLUMNS} FROM records r WHERE r.kind = ?{search.matches}"  # noqa: S608 - constants
    query = f"{selected} ORDER BY r.at {search.direction}, r.id LIMIT ?"
    return db.execute(query, (search.kind, *search.arguments, search.limit)).fetchall()


def _by_facet(db: sqlite3.Connection, search: _Search) -> list[Any]:
    """Records that have the facet, in its order off the index; then, where the limit allows, those that lack it."""
    have = (
        f"SELECT {_RECORD_COLUMNS} FROM facets f JOIN records r ON r.kind = f.kind AND r.id = f.id "  # noqa: S608 - constants
        f"WHERE f.kind = ? AND f.name = ?{search.matches} ORDER BY f.value {search.direction}, f.id LIMIT ?"
    )
    rows = db.execute(have, (search.kind, search.name, *search.arguments, search.limit)).fetchall()
    if len(rows) < search.limit:
        lack = (
            f"SELECT {_RECORD_COLUMNS} FROM records r WHERE r.kind = ?{search.matches} AND NOT EXISTS "  # noqa: S608 - constants
            "(SELECT 1 FROM facets f WHERE f.kind = r.kind AND f.id = r.id AND f.name = ?) ORDER BY r.id LIMIT ?"
        )
        room = search.limit - len(rows)
        rows += db.execute(lack, (search.kind, *search.arguments, search.name, room)).fetchall()
    return rows


def _event_row(event: Event) -> tuple[Any, ...]:
    return (
        event.seq,
        event.namespace,
        event.actor,
        event.at,
        event.logical_at,
        event.kind,
        event.subject,
        canonical(event.caused_by).decode(),
        canonical(event.data).decode(),
        event.previous,
        event.digest,
    )


def _event(row: Sequence[Any]) -> Event:
    seq, namespace, actor, at, logical_at, kind, subject, caused_by, data, previous, digest = row
    return Event(
        seq=seq,
        namespace=namespace,
        actor=actor,
        at=at,
        logical_at=logical_at,
        kind=kind,
        subject=subject,
        caused_by=tuple(plain(caused_by)),
        data=plain(data),
        previous=previous,
        digest=digest,
    )


def _record(row: Sequence[Any]) -> Record:
    kind, id, at, data, facets = row
    return Record(kind=kind, id=id, at=at, data=plain(data), facets=from_json(facets, dict[str, FacetValue]))
