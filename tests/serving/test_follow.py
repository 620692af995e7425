"""Following the arms, with a ledger in memory and real champions; children are covered with real processes."""

import asyncio
from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_struct

from loopwright.core.events import EventDraft
from loopwright.release.routing import Arm, Arms
from loopwright.serving.champion_failures import ChampionFailures
from loopwright.serving.endpoint import Endpoint, Limits
from loopwright.serving.follow import Follower, FollowOptions
from loopwright.serving.intake import NoFeatures
from loopwright.serving.loading import ArmLoader
from loopwright.serving.model_keeper import ModelKeeper, ModelTools
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock


class Stage:
    """A ledger, an endpoint and its follower, moved by hand."""

    def __init__(self, blobs, log, run):
        self.clock = ManualClock()
        self.ledger = MemoryLedger(clock=self.clock)
        self.log = log
        self.endpoint = Endpoint(
            "flights", clock=self.clock, sink=log, observer=log, on_trip=log.on_trip, limits=Limits()
        )
        failures = ChampionFailures(
            ledger=self.ledger, run=run, clock=self.clock, machine=self.clock, worker="worker_1"
        )
        loader = ArmLoader(blobs=blobs, run=run, features=lambda bundle: NoFeatures())
        tools = ModelTools(ledger=self.ledger, loader=loader, failures=failures, machine=self.clock, start_s=30.0)
        self.keeper = ModelKeeper(self.endpoint, tools)
        self.follower = Follower(
            [self.keeper],
            ledger=self.ledger,
            clock=self.clock,
            machine=self.clock,
            options=FollowOptions(worker="worker_1"),
        )

    def move(self, arms, *, event=True):
        id = f"arms-{arms.revision}"
        events = [EventDraft(kind="release_step", subject="release:rel_1")] if event else []
        self.ledger.commit(
            moves={"default/endpoint/flights@arms": id},
            records=[Record(kind="arms", id=id, data=arms.to_json())],
            events=events,
        )

    def lease(self):
        return self.ledger.record("lease", "worker_1").data


@pytest.fixture
def stage(blobs, log, tmp_path):
    return Stage(blobs, log, tmp_path)


@pytest.fixture
def version(stored, signature, model):
    return stored(model("binary"), signature("binary"))


def test_it_loads_switches_and_acknowledges(stage, version):
    stage.move(Arms.only_champion("flights", version, revision=4))
    asyncio.run(stage.follower.step())
    assert stage.endpoint.arms.spec.revision == 4
    assert stage.lease()["revisions"] == {"flights": 4}
    assert stage.lease()["arms"] == {"flights": {"champion": "ready"}}


def test_an_endpoint_without_arms_is_acknowledged_by_nobody(stage):
    asyncio.run(stage.follower.step())
    assert stage.endpoint.arms is None
    assert stage.lease()["revisions"] == {}


def test_a_move_without_an_event_is_found_within_a_lease(stage, version, stored, signature, model):
    async def run():
        stage.move(Arms.only_champion("flights", version))
        await stage.follower.step()
        stage.move(Arms.only_champion("flights", version, revision=2), event=False)
        await stage.follower.step()
        before = stage.endpoint.arms.spec.revision
        stage.clock.sleep(1.5)
        await stage.follower.step()
        return before, stage.endpoint.arms.spec.revision

    assert asyncio.run(run()) == (1, 2)


def test_a_version_that_cannot_load_keeps_the_one_that_answers_and_is_told_once(
    stage, version, stored, signature, model
):
    broken = stored(model("binary"), signature("binary"), code="raise RuntimeError('not today')")

    async def run():
        stage.move(Arms.only_champion("flights", version))
        await stage.follower.step()
        stage.move(Arms.only_champion("flights", broken, revision=2))
        for _ in range(5):
            stage.clock.sleep(6.0)
            await stage.follower.step()

    asyncio.run(run())
    assert stage.endpoint.arms.champion.spec.version == version
    assert [e.kind for e in stage.ledger.read()].count("version_load_failed") == 1
    assert stage.lease()["revisions"] == {"flights": 1}
    assert "not today" in stage.lease()["failures"]["flights"]["why"]


def test_a_record_that_is_none_is_a_failure_with_a_cause(stage):
    stage.ledger.commit(moves={"default/endpoint/flights@arms": "nothing"})
    asyncio.run(stage.follower.step())
    assert stage.follower.failures()["flights"]["code"] == "LW601"


def test_a_bug_while_loading_is_recorded_and_what_answers_goes_on(stage, version, stored, signature, model):
    other = stored(model("binary", "lightgbm"), signature("binary"))

    def broken(bundle):
        raise ZeroDivisionError("a bug")

    async def run():
        stage.move(Arms.only_champion("flights", version))
        await stage.follower.step()
        tools = stage.keeper._tools
        stage.keeper._tools = replace(tools, loader=replace(tools.loader, features=broken))
        stage.move(Arms.only_champion("flights", other, revision=2))
        await stage.follower.step()

    asyncio.run(run())
    assert stage.endpoint.arms.champion.spec.version == version
    assert "ZeroDivisionError" in stage.follower.failures()["flights"]["why"]


def test_a_child_that_does_not_come_up_in_time_is_stopped(stage, version, stored, signature, model):
    canary = stored(model("binary", "lightgbm"), signature("binary"))

    async def run():
        stage.move(Arms.only_champion("flights", version).with_canary(canary, 0.5, release="rel_1"))
        await stage.follower.step()
        stage.clock.sleep(29.0)
        await stage.follower.step()
        early = list(stage.log.trips)
        stage.clock.sleep(2.0)
        await stage.follower.step()
        states = dict(stage.lease()["arms"]["flights"])
        await stage.follower.stop()
        return early, states

    early, states = asyncio.run(run())
    assert early == []
    assert [trip.cause for trip in stage.log.trips] == ["load"]
    assert states == {"champion": "ready", "candidate": "tripped"}
    assert stage.lease()["ended"] is True


def test_an_arm_that_another_worker_stopped_is_stopped_here(stage, version, stored, signature, model):
    canary = stored(model("binary", "lightgbm"), signature("binary"))

    async def run():
        arms = Arms.only_champion("flights", version).with_canary(canary, 0.5, release="rel_1")
        stage.move(arms)
        await stage.follower.step()
        data = {"endpoint": "flights", "release": "rel_1", "version": canary, "cause": "crash"}
        for release in ("rel_0", "rel_1"):
            draft = EventDraft(kind="arm_tripped", subject="release:rel_1", data=data | {"release": release})
            stage.ledger.commit(events=[draft])
            await stage.follower.step()
            yield_state.append(stage.endpoint.arms.canaries[0].state)
        await stage.follower.stop()

    yield_state = []
    asyncio.run(run())
    assert yield_state == ["starting", "tripped"]
    assert stage.log.trips == []


def test_the_same_release_keeps_its_canary_and_a_new_one_starts_afresh(stage, version, stored, signature, model):
    canary = stored(model("binary", "lightgbm"), signature("binary"))

    async def run():
        arms = Arms.only_champion("flights", version).with_canary(canary, 0.05, release="rel_1")
        stage.move(arms)
        await stage.follower.step()
        first = stage.endpoint.arms.canaries[0]
        first.health.failed("crash", "gone")
        more = arms.with_canary(canary, 0.25, release="rel_1")
        stage.move(more)
        await stage.follower.step()
        second = stage.endpoint.arms.canaries[0]
        stage.move(more.with_canary(canary, 0.05, release="rel_2"))
        await stage.follower.step()
        third = stage.endpoint.arms.canaries[0]
        await stage.follower.stop()
        return first, second, third

    first, second, third = asyncio.run(run())
    assert (second.client, second.health, second.spec.share) == (first.client, first.health, 0.25)
    assert third.client is not first.client
    assert third.health.tripped is None


def test_the_champion_until_now_stands_in_for_the_next_one(stage, version, stored, signature, model):
    following = stored(model("binary", "lightgbm"), signature("binary"))

    async def run():
        first = Arms.only_champion("flights", version)
        stage.move(first)
        await stage.follower.step()
        before = stage.endpoint.arms.champion
        stage.move(replace_struct(first.with_champion(following), previous=version))
        await stage.follower.step()
        await stage.follower.stop()
        return before, stage.endpoint.arms

    before, arms = asyncio.run(run())
    assert arms.previous.model is before.model
    assert (arms.previous.spec.name, arms.previous.label.arm, arms.previous.label.version) == (
        "previous", "previous", version
    )  # fmt: skip


def test_a_worker_that_starts_late_fetches_the_stand_in_once_the_champion_answers(
    stage, version, stored, signature, model
):
    following = stored(model("binary", "lightgbm"), signature("binary"))

    async def run():
        stage.move(replace_struct(Arms.only_champion("flights", following), previous=version))
        await stage.follower.step()
        for _ in range(200):
            if stage.endpoint.arms.previous is not None:
                break
            await asyncio.sleep(0.02)
        await stage.follower.stop()
        return stage.endpoint.arms

    arms = asyncio.run(run())
    assert (arms.champion.spec.version, arms.previous.spec.version) == (following, version)


def test_a_shadow_is_followed_and_answers_nobody(stage, version, stored, signature, model):
    dark = stored(model("binary", "lightgbm"), signature("binary"))

    async def run():
        arms = Arms.only_champion("flights", version)
        shadow = Arm(name="dark", role="shadow", version=dark, share=1.0)
        stage.move(replace_struct(arms, arms=(*arms.arms, shadow), release="rel_1"))
        await stage.follower.step()
        found, lease = stage.endpoint.arms, stage.lease()
        await stage.follower.stop()
        return found, lease

    arms, lease = asyncio.run(run())
    assert (arms.canaries, [shadow.spec.name for shadow in arms.shadows]) == ((), ["dark"])
    assert lease["arms"]["flights"] == {"champion": "ready", "dark": "starting"}
