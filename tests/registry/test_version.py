"""Versions are numbered once within their name and found by their digest."""

from threading import Thread
from typing import Any

import pytest

from loopwright.core.events import Event, EventDraft
from loopwright.errors import ConflictError, NotFoundError
from loopwright.registry.version import (
    ModelVersion,
    Provenance,
    find_version,
    get_version,
    register_version,
    versions,
)
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Ledger
from loopwright.testing.clocks import ManualClock

ONE, TWO = "1" * 64, "2" * 64

ORIGIN = Provenance(run="run_1", datasets={"flights": "d" * 64}, parameters={"trees": 200}, metrics={"roc_auc": 0.7})


@pytest.fixture
def ledger() -> Ledger:
    return MemoryLedger(clock=ManualClock())


def register(ledger: Ledger, digest: str, name: str = "delay", **more: object) -> ModelVersion:
    return register_version(ledger, name=name, digest=digest, provenance=ORIGIN, **more).version  # type: ignore[arg-type]


def test_versions_are_numbered_within_their_name(ledger: Ledger) -> None:
    assert [register(ledger, ONE).number, register(ledger, TWO).number, register(ledger, TWO, "other").number] == [
        1,
        2,
        1,
    ]
    assert [(v.number, v.digest) for v in versions(ledger, "delay")] == [(2, TWO), (1, ONE)]
    assert get_version(ledger, name="delay", number=1).provenance == ORIGIN
    assert ledger.ref("default/model/delay@latest") == TWO


def test_record_of_a_version_is_found_by_its_digest(ledger: Ledger) -> None:
    register(ledger, ONE)
    register(ledger, ONE, "copy")
    record = ledger.record("model_version", ONE)
    assert record is not None
    assert record.data["name"] == "delay"
    assert [found.name for name in ("delay", "copy") if (found := find_version(ledger, ONE, name=name))] == [
        "delay",
        "copy",
    ]
    assert find_version(ledger, TWO) is None


def test_registering_tells_its_cause_and_twice_is_once(ledger: Ledger) -> None:
    cause = ledger.commit(events=[EventDraft(kind="run_finished", subject="run:run_1")])[0].seq
    first = register_version(ledger, name="delay", digest=ONE, provenance=ORIGIN, caused_by=(cause,), actor="ann")
    again = register_version(ledger, name="delay", digest=ONE, provenance=Provenance(run="run_2"))
    assert first.event is not None
    assert (first.event.kind, first.event.subject, first.event.actor) == ("version_registered", "model:delay", "ann")
    assert first.event.caused_by == (cause,)
    assert first.event.data["digest"] == ONE
    assert again.event is None
    assert again.version == first.version
    assert len(ledger.read()) == 2


def test_namespaces_are_apart(ledger: Ledger) -> None:
    register(ledger, ONE)
    assert register(ledger, TWO, namespace="team").number == 1
    assert versions(ledger, "delay", namespace="team")[0].digest == TWO
    assert len(versions(ledger, "delay")) == 1


def test_unknown_number_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="version 3"):
        get_version(ledger, name="delay", number=3)


def test_writers_at_once_get_numbers_of_their_own(ledger: Ledger) -> None:
    threads = [Thread(target=register, args=(ledger, str(i) * 64)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(v.number for v in versions(ledger, "delay")) == [1, 2, 3, 4, 5]


class Overtaken(MemoryLedger):
    """A ledger where other writers register versions just before ours, a number of times."""

    def __init__(self, times: int) -> None:
        super().__init__(clock=ManualClock())
        self.times = times

    def commit(self, **asked: Any) -> tuple[Event, ...]:
        if self.times > 0:
            self.times -= 1
            register_version(MemoryLedgerView(self), name="delay", digest=f"{self.times:064d}", provenance=ORIGIN)
        return super().commit(**asked)


class MemoryLedgerView(MemoryLedger):
    """The same ledger without the overtaking."""

    def __init__(self, other: MemoryLedger) -> None:
        vars(self).update(vars(other))


def test_overtaken_writer_takes_the_next_number() -> None:
    ledger = Overtaken(times=2)
    assert register(ledger, ONE).number == 3
    assert [v.number for v in versions(ledger, "delay")] == [3, 2, 1]
    assert ledger.ref("default/model/delay@latest") == ONE


def test_writer_that_is_always_overtaken_gives_up() -> None:
    with pytest.raises(ConflictError, match="kept registering"):
        register(Overtaken(times=100), ONE)
