"""What workers know, and tell, of a champion that fails."""

from dataclasses import replace

import pytest

from loopwright.core.events import EventDraft
from loopwright.release.routing import Arms
from loopwright.serving.champion_failures import ChampionFailures
from loopwright.serving.deaths import Death, note_deaths
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.testing.clocks import ManualClock

VERSION, BEFORE = "a" * 64, "b" * 64


@pytest.fixture
def known(tmp_path):
    clock = ManualClock()
    ledger = MemoryLedger(clock=clock)
    return ChampionFailures(ledger=ledger, run=tmp_path, clock=clock, machine=clock, worker="worker_1")


@pytest.fixture
def spec():
    arms = Arms.only_champion("flights", VERSION)
    return Arms(endpoint="flights", revision=1, arms=arms.arms, previous=BEFORE)


def told(known):
    return [event for event in known.ledger.read() if event.kind == "champion_failed"]


def promote(known, version):
    move = {"default/model/flights@champion": version}
    known.ledger.commit(moves=move, events=[EventDraft(kind="champion_moved", subject="model:flights")])


def test_three_deaths_are_a_reason_and_what_is_told_stays_one_when_they_are_long_ago(known, spec):
    assert known.why(spec) == ""
    deaths = [Death(at=known.machine.now(), endpoint="flights", version=VERSION, how="signal 11")] * 3
    note_deaths(known.run, deaths)
    why = known.why(spec)
    assert "3 times" in why
    known.tell(spec, cause="crash", why=why)
    known.machine.sleep(600.0)
    assert known.why(spec) == why
    record = known.ledger.record("champion_failed", f"flights/{VERSION}")
    (event,) = told(known)
    assert record.data["event"] == event.seq
    assert (event.data["version"], event.data["instead"], event.data["cause"]) == (VERSION, BEFORE, "crash")
    assert "why" not in event.data


def test_several_workers_tell_once(known, spec):
    other = replace(known, worker="worker_2")
    known.tell(spec, cause="load", why="no")
    other.tell(spec, cause="load", why="no")
    assert len(told(known)) == 1


def test_workers_that_find_out_at_the_same_moment_tell_once(known, spec):
    class Late:
        """A ledger whose reader has looked before the other wrote."""

        def __init__(self, ledger):
            self._ledger = ledger

        def __getattr__(self, name):
            return getattr(self._ledger, name)

        def ref(self, name):
            return None

    known.tell(spec, cause="load", why="no")
    replace(known, ledger=Late(known.ledger), worker="worker_2").tell(spec, cause="load", why="no")
    assert len(told(known)) == 1


def test_a_version_that_is_made_champion_anew_has_another_chance(known, spec):
    promote(known, VERSION)
    known.tell(spec, cause="crash", why="it crashed")
    assert known.why(spec) == "it crashed"
    promote(known, BEFORE)
    promote(known, VERSION)
    assert known.why(spec) == ""
    known.tell(spec, cause="crash", why="again")
    assert known.why(spec) == "again"
    assert len(told(known)) == 2
