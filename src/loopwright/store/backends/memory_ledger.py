"""The ledger in memory, for tests."""

from collections.abc import Mapping, Sequence
from threading import Lock

from loopwright.core.clock import Clock
from loopwright.core.codec import from_json
from loopwright.core.events import GENESIS, Event, EventDraft
from loopwright.errors import ConflictError
from loopwright.store.journal import seal_all
from loopwright.store.ledger import Durability, FacetValue, Ledger, Record, RefMove, indexed_facets, json_of


class MemoryLedger(Ledger):
    """Refs, journal and records of this process."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._refs: dict[str, str] = {}
        self._moves: list[RefMove] = []
        self._events: list[Event] = []
        self._records: dict[tuple[str, str], bytes] = {}
        self._lock = Lock()

    def commit(
        self,
        *,
        expect: Mapping[str, str | None] | None = None,
        moves: Mapping[str, str | None] | None = None,
        records: Sequence[Record] = (),
        events: Sequence[EventDraft] = (),
        durability: Durability = "full",  # noqa: ARG002 - nothing in memory outlives the process
    ) -> tuple[Event, ...]:
        with self._lock:
            now = self._clock.now()
            for name, expected in (expect or {}).items():
                found = self._refs.get(name)
                if found != expected:
                    why = f"expected {expected}, found {found}"
                    raise ConflictError(
                        f"{name} was moved by another writer", why=why, ref=name, expected=expected, found=found
                    )
            last, previous = (self._events[-1].seq, self._events[-1].digest) if self._events else (0, GENESIS)
            written = seal_all(events, last=last, previous=previous, at=now, logical_at=now)
            stored = {(record.kind, record.id): _stored(record, now) for record in records}
            self._events.extend(written)
            self._records.update(stored)
            for name, target in (moves or {}).items():
                self._move(RefMove(name=name, target=target, at=now, seq=written[-1].seq if written else 0))
        return written

    def ref(self, name: str) -> str | None:
        return self._refs.get(name)

    def refs(self, prefix: str = "") -> dict[str, str]:
        with self._lock:
            return {name: self._refs[name] for name in sorted(self._refs) if name.startswith(prefix)}

    def history(self, name: str) -> tuple[RefMove, ...]:
        with self._lock:
            return tuple(move for move in self._moves if move.name == name)

    def read(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        with self._lock:
            return tuple(self._events[max(after, 0) :][:limit])

    def record(self, kind: str, id: str) -> Record | None:
        found = self._records.get((kind, id))
        return None if found is None else from_json(found, Record)

    def search(
        self,
        kind: str,
        *,
        where: Mapping[str, FacetValue] | None = None,
        order: str = "-at",
        limit: int = 100,
    ) -> tuple[Record, ...]:
        with self._lock:
            records = [from_json(data, Record) for (found, _), data in sorted(self._records.items()) if found == kind]
        matching = [record for record in records if _matches(record, where or {})]
        name = order.removeprefix("-")
        have = [record for record in matching if name == "at" or name in record.facets]
        lack = [record for record in matching if name != "at" and name not in record.facets]
        have.sort(key=lambda record: _order_of(record, name), reverse=order.startswith("-"))
        return tuple((have + lack)[:limit])

    def _move(self, move: RefMove) -> None:
        if move.target is None:
            if self._refs.pop(move.name, None) is None:
                return
        else:
            self._refs[move.name] = move.target
        self._moves.append(move)


def _stored(record: Record, now: int) -> bytes:
    return json_of(
        Record(kind=record.kind, id=record.id, data=record.data, facets=indexed_facets(record), at=record.at or now),
        f"{record.kind} {record.id}",
    )


def _matches(record: Record, where: Mapping[str, FacetValue]) -> bool:
    return all(name in record.facets and record.facets[name] == value for name, value in where.items())


def _order_of(record: Record, name: str) -> tuple[bool, FacetValue]:
    value = record.at if name == "at" else record.facets[name]
    return isinstance(value, str), value
